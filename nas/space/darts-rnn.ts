import { z } from 'zod';
import { hashJson } from '../core/hash.ts';
import type { Json } from '../core/json.ts';
import { inputError } from '../core/input-error.ts';
import { categorical } from './categorical.ts';
import { excerpt } from './excerpt.ts';
import { genotypeFields, printStates } from './genotype-call.ts';
import { jsonGenotype } from './json-genotype.ts';
import { LiteralError } from './python-literal.ts';
import { canonicalTree } from './recurrent-tree.ts';
import type { Space } from './space.ts';

/** Activations of a searched node, in the authors' order behind `none`. */
export const RNN_ACTIVATIONS = ['tanh', 'relu', 'sigmoid', 'identity'] as const;
export type RnnActivation = (typeof RNN_ACTIVATIONS)[number];

/** Nodes of a searched cell. */
export const RNN_NODES = 8;

/** A node: its activation, and the one state that it reads (0: of the inputs; i: node i − 1). */
export type RnnNode = readonly [activation: RnnActivation, state: number];

/**
 * A cell as published (quark0/darts f276dd3, `rnn/genotypes.py:3`): its nodes, and the states whose mean is
 * its output.
 */
export type DartsRnnGenotype = {
  readonly recurrent: readonly RnnNode[];
  readonly concat: readonly number[];
};

const NAME = 'darts-rnn';
const FORM = 'Genotype(recurrent=[(activation, state), …], concat=range(1, 9))';
const FIELDS = ['recurrent', 'concat'] as const;

const schema: z.ZodType<DartsRnnGenotype> = z.strictObject({
  recurrent: z.array(z.tuple([z.enum(RNN_ACTIVATIONS), z.number().int()])).min(1),
  concat: z.array(z.number().int()).min(1),
});

const fault = ({ recurrent, concat }: DartsRnnGenotype): readonly [string, Json, string] | undefined => {
  const at = recurrent.findIndex(([, state], node) => state < 0 || state > node);
  if (at !== -1) return [`recurrent[${at}]`, recurrent[at] as Json, `a state from 0 to ${at}`];
  const states = recurrent.length;
  if (new Set(concat).size !== concat.length || concat.some((state) => state < 0 || state > states))
    return ['concat', concat, `distinct states, each 0 to ${states}`];
  return undefined;
};

/** The tree of states: what reads each, and whether the output does. The order of the nodes is forgotten. */
const canonical = ({ recurrent, concat }: DartsRnnGenotype): string =>
  canonicalTree(
    ['inputs', ...recurrent.map(([activation]) => activation)],
    recurrent.map(([, state]) => state),
    concat,
  );

const print = ({ recurrent, concat }: DartsRnnGenotype): string =>
  `Genotype(recurrent=[${recurrent.map(([activation, state]) => `('${activation}', ${state})`).join(', ')}], ` +
  `concat=${printStates(concat)})`;

const any = jsonGenotype<DartsRnnGenotype>(NAME, schema, FORM, fault);

/** Cells of any size and any output: what networks can be built from. */
export const anyDartsRnn: Pick<Space<DartsRnnGenotype>, 'parse' | 'print' | 'hash'> = {
  parse: (text, field = 'genotype') => {
    let fields: Record<string, Json | undefined>;
    try {
      fields = genotypeFields(text, FIELDS);
    } catch (cause) {
      if (!(cause instanceof LiteralError)) throw cause;
      const fix = `write the genotype in the form shown: ${cause.message}`;
      throw inputError(field, excerpt(text), FORM, fix, { cause });
    }
    return any.validate(fields, field);
  },
  print,
  hash: (genotype) => hashJson([NAME, canonical(genotype)]),
};

const STATES = Array.from({ length: RNN_NODES }, (_, i) => i + 1);

const validate = (value: unknown, field = 'genotype'): DartsRnnGenotype => {
  const genotype = any.validate(value, field);
  if (genotype.recurrent.length !== RNN_NODES)
    throw inputError(
      `${field}.recurrent`,
      `${genotype.recurrent.length} nodes`,
      `${RNN_NODES} nodes`,
      'cells of other sizes can be trained, but not searched',
    );
  if (genotype.concat.join() !== STATES.join())
    throw inputError(
      `${field}.concat`,
      genotype.concat,
      `range(1, ${RNN_NODES + 1})`,
      'a searched cell puts out the mean of all its nodes',
    );
  return genotype;
};

/** The first node has one state to read. */
const SIZES = STATES.flatMap((states) => [...(states === 1 ? [] : [states]), RNN_ACTIVATIONS.length]);
const LABELS = STATES.flatMap((states) => [
  ...(states === 1 ? [] : [`node ${states}/state`]),
  `node ${states}/activation`,
]);

const toChoices = ({ recurrent }: DartsRnnGenotype): readonly number[] =>
  recurrent.flatMap(([activation, state], node) => [
    ...(node === 0 ? [] : [state]),
    RNN_ACTIVATIONS.indexOf(activation),
  ]);

const fromChoices = (choices: readonly number[]): DartsRnnGenotype => ({
  recurrent: STATES.map((_, node): RnnNode => {
    const activation = RNN_ACTIVATIONS[choices[2 * node] as number] as RnnActivation;
    return [activation, node === 0 ? 0 : (choices[2 * node - 1] as number)];
  }),
  concat: STATES,
});

const SOURCE =
  'Liu, Simonyan & Yang 2019, "DARTS", §3.1 and §A.1: eight nodes, each a highway connection from one state before ' +
  'it with one of four activations; the output is their mean. `none` is in the mixture of the search and in no cell. ' +
  'Uniform sampling as Li & Talwalkar 2019, §4.3: a state and an activation for each node.';

/** The recurrent cells of DARTS. */
export const dartsRnn: Space<DartsRnnGenotype> = {
  name: NAME,
  source: SOURCE,
  ...categorical<DartsRnnGenotype>(SIZES, LABELS, toChoices, fromChoices),
  validate,
  print,
  parse: (text, field) => validate(anyDartsRnn.parse(text, field), field),
  hash: anyDartsRnn.hash,
  describe: () => ({
    name: NAME,
    source: SOURCE,
    size: SIZES.reduce((product, size) => product * size, 1),
    lines: [
      `activations: ${RNN_ACTIVATIONS.join(', ')}`,
      `${RNN_NODES} nodes, each reads one state before it; state 0 is of the inputs`,
      'output of a cell: mean of its nodes',
    ],
  }),
};

/**
 * Cells by name, from quark0/darts at f276dd34, rnn/genotypes.py:15-35: `ENAS` is the cell of Pham et al.
 * (2018, figure 6) as its authors re-expressed it, the others are DARTS' own, first and second order (figure
 * 6 of the paper).
 */
export const PUBLISHED_DARTS_RNN: Readonly<Record<string, string>> = {
  ENAS:
    "Genotype(recurrent=[('tanh', 0), ('tanh', 1), ('relu', 1), ('tanh', 3), ('tanh', 3), ('relu', 3), ('relu', 4), " +
    "('relu', 7), ('relu', 8), ('relu', 8), ('relu', 8)], concat=[2, 5, 6, 9, 10, 11])",
  DARTS_V1:
    "Genotype(recurrent=[('relu', 0), ('relu', 1), ('tanh', 2), ('relu', 3), ('relu', 4), ('identity', 1), ('relu', 5), " +
    "('relu', 1)], concat=range(1, 9))",
  DARTS_V2:
    "Genotype(recurrent=[('sigmoid', 0), ('relu', 1), ('relu', 1), ('identity', 1), ('tanh', 2), ('sigmoid', 5), " +
    "('tanh', 3), ('relu', 5)], concat=range(1, 9))",
};
