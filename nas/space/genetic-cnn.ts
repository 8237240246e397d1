import { hashJson } from '../core/hash.ts';
import { inputError } from '../core/input-error.ts';
import { categorical } from './categorical.ts';
import { canonicalDag } from './labelled-dag.ts';
import type { Space } from './space.ts';

/** Nodes of each stage: the CIFAR-10 setting of the paper. */
const GENETIC_CNN_STAGES = [3, 4, 5] as const;

/**
 * The paper's code: stages joined by `|`, nodes 2, 3, … of a stage by `-`; bit i of a node: reads node i + 1.
 */
export type GeneticCnnGenotype = string;

const BITS = GENETIC_CNN_STAGES.map((nodes) => (nodes * (nodes - 1)) / 2);
const TOTAL = BITS.reduce((a, b) => a + b, 0);
const PATTERN = new RegExp(
  `^${GENETIC_CNN_STAGES.map((nodes) =>
    Array.from({ length: nodes - 1 }, (_, i) => `[01]{${i + 1}}`).join('-'),
  ).join('\\|')}$`,
);
const FORM = GENETIC_CNN_STAGES.map((nodes) =>
  Array.from({ length: nodes - 1 }, (_, i) => '0'.repeat(i + 1)).join('-'),
).join('|');

const validate = (value: unknown, field = 'genotype'): GeneticCnnGenotype => {
  if (typeof value !== 'string' || !PATTERN.test(value))
    throw inputError(
      field,
      value,
      `bits of the form ${FORM}`,
      'write one bit for each pair of nodes of a stage',
    );
  return value;
};

const fromChoices = (choices: readonly number[]): GeneticCnnGenotype => {
  let at = 0;
  return GENETIC_CNN_STAGES.map((nodes) =>
    Array.from({ length: nodes - 1 }, (_, i) => choices.slice(at, (at += i + 1)).join('')).join('-'),
  ).join('|');
};

/** For each stage and each of its nodes the earlier nodes that it reads, counted from 0. */
export const geneticCnnStages = (genotype: GeneticCnnGenotype): readonly (readonly (readonly number[])[])[] =>
  genotype
    .split('|')
    .map((stage) => [
      [],
      ...stage.split('-').map((bits) => [...bits].flatMap((bit, i) => (bit === '1' ? [i] : []))),
    ]);

/**
 * Equal for stages that differ in the order of nodes alone. The default nodes stand for input and output; a
 * node without an edge is none (§3.1).
 */
const canonicalStage = (reads: readonly (readonly number[])[]): string => {
  const isRead = (node: number): boolean => reads.some((sources) => sources.includes(node));
  const nodes = reads.flatMap((sources, node) => (sources.length > 0 || isRead(node) ? [node] : []));
  const vertex = (node: number): number => 1 + nodes.indexOf(node);
  return canonicalDag({
    labels: ['input', ...nodes.map(() => 'node'), 'output'],
    sources: [
      [],
      ...nodes.map((node) => {
        const sources = reads[node] as readonly number[];
        return sources.length === 0 ? [0] : sources.map(vertex);
      }),
      nodes.filter((node) => !isRead(node)).map(vertex),
    ],
  });
};

const SOURCE =
  'Xie & Yuille 2017, "Genetic CNN", §3.1: three stages of 3, 4 and 5 ordered nodes, one bit for each pair of nodes ' +
  '(K = (3, 4, 5) for CIFAR-10).';

const bits = categorical<GeneticCnnGenotype>(
  new Array<number>(TOTAL).fill(2),
  GENETIC_CNN_STAGES.flatMap((nodes, stage) =>
    Array.from({ length: nodes - 1 }, (_, j) =>
      Array.from({ length: j + 1 }, (_, i) => `stage ${stage + 1}/${i + 1}→${j + 2}`),
    ).flat(),
  ),
  (genotype) => [...genotype.replace(/[|-]/g, '')].map(Number),
  fromChoices,
);

/** Binary codes of Genetic CNN: 2^19 networks. */
export const geneticCnn: Space<GeneticCnnGenotype> = {
  name: 'genetic-cnn',
  source: SOURCE,
  ...bits,
  decisions: {
    ...bits.decisions,
    stages: BITS.map((_, stage) => BITS.slice(0, stage).reduce((first, count) => first + count, 0)),
  },
  /** Stages as units, each from one parent (§3.2: "exchanging a whole stage"). */
  crossover: (a, b, random) => {
    const [left, right] = [a.split('|'), b.split('|')];
    return left.map((stage, i) => (random.int(2) === 0 ? stage : (right[i] as string))).join('|');
  },
  validate,
  print: (genotype) => genotype,
  parse: (text, field) => validate(text.trim(), field),
  hash: (genotype) => hashJson(['genetic-cnn', geneticCnnStages(genotype).map(canonicalStage)]),
  describe: () => ({
    name: 'genetic-cnn',
    source: SOURCE,
    size: 2 ** TOTAL,
    lines: [`stages of ${GENETIC_CNN_STAGES.join(', ')} nodes`, `code: ${FORM}`],
  }),
};
