import { z } from 'zod';
import { inputError } from '../core/input-error.ts';
import { hashJson } from '../core/hash.ts';
import { hashCellGenotype } from './canonical-cell.ts';
import { categorical } from './categorical.ts';
import type { CellEdge, CellGenotype } from './cell-genotype.ts';
import { parseIntegers } from './enas-macro.ts';
import { jsonGenotype } from './json-genotype.ts';
import type { Space } from './space.ts';

/** Operations of an edge, in the numbering of the published cells. */
export const MICRO_OPERATIONS = [
  'sep_conv_3x3',
  'sep_conv_5x5',
  'avg_pool_3x3',
  'max_pool_3x3',
  'skip_connect',
] as const;
export type MicroOperation = (typeof MICRO_OPERATIONS)[number];

/** Nodes of a cell that add two edges (the paper's B counts the two inputs as well). */
export const MICRO_NODES = 5;
const NUMBERS = 4 * MICRO_NODES;
const CELLS = ['normal', 'reduce'] as const;
const NODES = Array.from({ length: MICRO_NODES }, (_, node) => node);

/** Four numbers a node: input and operation of its two edges; inputs 0 and 1 are the two previous cells. */
export type EnasMicroCell = readonly number[];
export type EnasMicroGenotype = { readonly normal: EnasMicroCell; readonly reduce: EnasMicroCell };

const schema: z.ZodType<EnasMicroGenotype> = z.strictObject({
  normal: z.array(z.number().int()),
  reduce: z.array(z.number().int()),
});

const FORM = `${2 * NUMBERS} integers, the normal cell first: input, operation, input, operation of each of ${MICRO_NODES} nodes`;

const fault = (genotype: EnasMicroGenotype): readonly [string, unknown, string] | undefined => {
  for (const cell of CELLS) {
    const numbers = genotype[cell];
    if (numbers.length !== NUMBERS)
      return [cell, `${numbers.length} numbers`, `${NUMBERS} numbers, four for each of ${MICRO_NODES} nodes`];
    for (const [i, value] of numbers.entries()) {
      const node = Math.floor(i / 4);
      const states = node + 2;
      if (i % 2 === 0 && (value < 0 || value >= states))
        return [`${cell}.${i}`, value, `inputs 0 to ${states - 1} for node ${node}`];
      if (i % 2 === 1 && (value < 0 || value >= MICRO_OPERATIONS.length))
        return [
          `${cell}.${i}`,
          value,
          MICRO_OPERATIONS.map((operation, index) => `${index} ${operation}`).join(', '),
        ];
    }
  }
  return undefined;
};

/** The edges of a cell: node i adds edges 2i and 2i + 1. */
export const microEdges = (
  cell: EnasMicroCell,
): readonly (readonly [operation: MicroOperation, input: number])[] =>
  Array.from({ length: cell.length / 2 }, (_, edge) => [
    MICRO_OPERATIONS[cell[2 * edge + 1] as number] as MicroOperation,
    cell[2 * edge] as number,
  ]);

/** States that no node reads, in order; the cell's output is made of them. An unread input is one of them. */
export const looseEnds = (cell: EnasMicroCell): readonly number[] => {
  const read = new Set(microEdges(cell).map(([, input]) => input));
  return Array.from({ length: cell.length / 4 + 2 }, (_, state) => state).filter((state) => !read.has(state));
};

/** The same pair of cells in the notation of the DARTS literature, for drawings and comparison of graphs. */
export const microToCells = ({ normal, reduce }: EnasMicroGenotype): CellGenotype => ({
  normal: microEdges(normal) as readonly CellEdge[],
  normalConcat: looseEnds(normal),
  reduce: microEdges(reduce) as readonly CellEdge[],
  reduceConcat: looseEnds(reduce),
});

const json = jsonGenotype<EnasMicroGenotype>('enas-micro', schema, FORM, fault);

/** Reads the published form. Throws `InputError`. */
export const parseEnasMicro = (text: string, field = 'genotype'): EnasMicroGenotype => {
  const numbers = parseIntegers(text, field, FORM);
  if (numbers.length !== 2 * NUMBERS)
    throw inputError(field, `${numbers.length} integers`, FORM, 'give both cells, the normal one first');
  return json.validate({ normal: numbers.slice(0, NUMBERS), reduce: numbers.slice(NUMBERS) }, field);
};

export const printEnasMicro = ({ normal, reduce }: EnasMicroGenotype): string =>
  [...normal, ...reduce].join(' ');

const SOURCE =
  'Pham et al. 2018, "Efficient Neural Architecture Search via Parameter Sharing", §2.4: two cells of five nodes, each ' +
  "adding two edges; an edge has one input and one of five operations. States that no node reads are a cell's output.";

/** ENAS' space of cells. */
export const enasMicro: Space<EnasMicroGenotype> = {
  name: 'enas-micro',
  source: SOURCE,
  validate: json.validate,
  print: printEnasMicro,
  parse: parseEnasMicro,
  hash: (genotype) => hashJson(['enas-micro', hashCellGenotype(microToCells(genotype))]),
  ...categorical<EnasMicroGenotype>(
    CELLS.flatMap(() =>
      NODES.flatMap((node) => [node + 2, MICRO_OPERATIONS.length, node + 2, MICRO_OPERATIONS.length]),
    ),
    CELLS.flatMap((cell) =>
      NODES.flatMap((node) =>
        ['first input', 'first operation', 'second input', 'second operation'].map(
          (what) => `${cell}/node ${node}/${what}`,
        ),
      ),
    ),
    ({ normal, reduce }) => [...normal, ...reduce],
    (choices) => ({ normal: choices.slice(0, NUMBERS), reduce: choices.slice(NUMBERS) }),
  ),
  describe: () => ({
    name: 'enas-micro',
    source: SOURCE,
    size: NODES.reduce((size, node) => size * ((node + 2) * MICRO_OPERATIONS.length) ** 2, 1) ** 2,
    lines: [
      `operations: ${MICRO_OPERATIONS.join(', ')}`,
      `cells: normal and reduction, ${MICRO_NODES} nodes each, every node adds two edges from any earlier states`,
      'output of a cell: concatenation of the states that no node reads',
    ],
  }),
};
