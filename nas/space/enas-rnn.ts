import { z } from 'zod';
import { inputError } from '../core/input-error.ts';
import { categorical } from './categorical.ts';
import { parseIntegers } from './enas-macro.ts';
import { jsonGenotype } from './json-genotype.ts';
import { canonicalTree, looseEnds } from './recurrent-tree.ts';
import type { Space } from './space.ts';

/** Activations in the numbering of melodyguan/enas 4bcfd73, `src/ptb/ptb_enas_child.py:351–354`. */
export const ENAS_RNN_ACTIVATIONS = ['tanh', 'relu', 'identity', 'sigmoid'] as const;
export type EnasRnnActivation = (typeof ENAS_RNN_ACTIVATIONS)[number];

/**
 * The activation of node 0, which reads the inputs; then of each further node the node that it reads and its
 * activation.
 */
export type EnasRnnGenotype = readonly number[];

const NAME = 'enas-rnn';
const FORM =
  'integers "0 0 0 1 1 …": the activation (0 to 3) of node 0, then of each node what it reads and its activation';

export interface EnasRnnNode {
  readonly activation: EnasRnnActivation;
  /** The node that it reads; none: the inputs. */
  readonly reads?: number;
}

/** The nodes of a cell, in order. */
export const enasRnnNodes = (genotype: EnasRnnGenotype): readonly EnasRnnNode[] =>
  Array.from({ length: (genotype.length + 1) / 2 }, (_, node) => {
    const activation = ENAS_RNN_ACTIVATIONS[genotype[2 * node] as number] as EnasRnnActivation;
    return node === 0 ? { activation } : { activation, reads: genotype[2 * node - 1] as number };
  });

/** What the nodes behind node 0 read. */
const readsOf = (genotype: EnasRnnGenotype): readonly number[] => genotype.filter((_, i) => i % 2 === 1);

/** Nodes that no other reads: the cell puts out their mean. */
export const enasRnnLooseEnds = (genotype: EnasRnnGenotype): readonly number[] =>
  looseEnds(readsOf(genotype));

const fault = (genotype: EnasRnnGenotype): readonly [string, unknown, string] | undefined => {
  if (genotype.length % 2 === 0 || genotype.length < 3)
    return ['length', genotype.length, 'an odd number of integers, at least 3'];
  const at = genotype.findIndex((value, i) => {
    const choices = i % 2 === 0 ? ENAS_RNN_ACTIVATIONS.length : (i + 1) / 2;
    return value < 0 || value >= choices;
  });
  if (at === -1) return undefined;
  const allowed =
    at % 2 === 0
      ? ENAS_RNN_ACTIVATIONS.map((activation, i) => `${i} ${activation}`).join(', ')
      : `a node before it, 0 to ${(at + 1) / 2 - 1}`;
  return [`${at}`, genotype[at], allowed];
};

const schema: z.ZodType<EnasRnnGenotype> = z.array(z.number().int());

const any = jsonGenotype<EnasRnnGenotype>(NAME, schema, FORM, fault, (genotype) =>
  canonicalTree(
    enasRnnNodes(genotype).map(({ activation }) => activation),
    readsOf(genotype),
    enasRnnLooseEnds(genotype),
  ),
);

/** Reads the published form of a cell of any size. Throws `InputError`. */
export const parseEnasRnn = (text: string, field = 'genotype'): EnasRnnGenotype =>
  any.validate(parseIntegers(text, field, FORM), field);

const SOURCE =
  'Pham et al. 2018, "Efficient Neural Architecture Search via Parameter Sharing", §2.1 and §3.1: each node reads one ' +
  'node before it, by a highway connection with one of four activations; the output is the mean of the nodes that no ' +
  'other reads. In the released search the controller is made for two activations, tanh and relu (melodyguan/enas at ' +
  '4bcfd73b, src/ptb/main.py:143-159 does not pass num_funcs): `activations: 2` is that.';

/** ENAS' recurrent cells of so many nodes, with the first of the activations. */
export const enasRnn = (
  depth = 12,
  activations: number = ENAS_RNN_ACTIVATIONS.length,
): Space<EnasRnnGenotype> => {
  const nodes = Array.from({ length: depth - 1 }, (_, i) => i + 1);
  /** Node 1 has one node to read. */
  const behind = nodes.filter((node) => node > 1);
  const { decisions, ...choices } = categorical<EnasRnnGenotype>(
    [activations, activations, ...behind.flatMap((node) => [node, activations])],
    [
      'node 0/activation',
      'node 1/activation',
      ...behind.flatMap((node) => [`node ${node}/reads`, `node ${node}/activation`]),
    ],
    ([first, , second, ...rest]) => [first as number, second as number, ...rest],
    ([first, second, ...rest]) => [first as number, 0, second as number, ...rest],
  );
  const ofSpace = (genotype: EnasRnnGenotype, field = 'genotype'): EnasRnnGenotype => {
    if (genotype.length !== 2 * depth - 1)
      throw inputError(
        field,
        `${(genotype.length + 1) / 2} nodes`,
        `${depth} nodes`,
        `write space.depth: ${(genotype.length + 1) / 2}, the number of nodes of the cell`,
      );
    const at = genotype.findIndex((value, i) => i % 2 === 0 && value >= activations);
    if (at !== -1)
      throw inputError(
        `${field}.${at}`,
        genotype[at],
        ENAS_RNN_ACTIVATIONS.slice(0, activations)
          .map((activation, i) => `${i} ${activation}`)
          .join(', '),
        `write space.activations: ${ENAS_RNN_ACTIVATIONS.length} for all of them`,
      );
    return genotype;
  };
  return {
    name: NAME,
    source: SOURCE,
    ...choices,
    decisions,
    hash: any.hash,
    validate: (value, field) => ofSpace(any.validate(value, field), field),
    print: (genotype) => genotype.join(' '),
    parse: (text, field) => ofSpace(parseEnasRnn(text, field), field),
    describe: () => ({
      name: NAME,
      source: SOURCE,
      size: decisions.sizes.reduce((product, size) => product * size, 1),
      lines: [
        `${depth} nodes, each behind the first reads one node before it`,
        `activations: ${ENAS_RNN_ACTIVATIONS.slice(0, activations).join(', ')}`,
        'output of a cell: mean of the nodes that no other reads',
      ],
    }),
  };
};

/**
 * The cell of melodyguan/enas at 4bcfd73b, scripts/ptb_final.sh: 12 nodes, 748 hidden units, test perplexity
 * 55.8 in the paper.
 */
export const PUBLISHED_ENAS_RNN = { ENAS_RNN: '0 0 0 1 1 2 1 2 0 2 0 5 1 1 0 6 1 8 1 8 1 8 1' } as const;
