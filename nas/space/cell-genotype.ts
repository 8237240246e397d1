import { z } from 'zod';
import type { Json } from '../core/json.ts';
import { inputError } from '../core/input-error.ts';
import { excerpt } from './excerpt.ts';
import { genotypeFields, printStates } from './genotype-call.ts';
import { LiteralError } from './python-literal.ts';

/** The eight operations of the DARTS CNN search space, in their order (Liu et al. 2019, §3.1). */
export const PRIMITIVES = [
  'none',
  'max_pool_3x3',
  'avg_pool_3x3',
  'skip_connect',
  'sep_conv_3x3',
  'sep_conv_5x5',
  'dil_conv_3x3',
  'dil_conv_5x5',
] as const;
export type Primitive = (typeof PRIMITIVES)[number];

/** Operations of published cells: the primitives and two that only NASNet and AmoebaNet use. */
const CELL_OPERATIONS = [...PRIMITIVES, 'sep_conv_7x7', 'conv_7x1_1x7'] as const;
export type CellOperation = (typeof CELL_OPERATIONS)[number];

/**
 * One input of a node: the operation and the state it reads (0, 1: the two previous cells; 2 + i: node i).
 */
export type CellEdge = readonly [operation: CellOperation, input: number];

/**
 * A pair of cells as published (quark0/darts f276dd3, `cnn/genotypes.py:3`, `cnn/model.py:28–60`): node i
 * sums edges 2i and 2i + 1, and a cell's output concatenates the states listed in `…Concat` in that order.
 */
export type CellGenotype = {
  readonly normal: readonly CellEdge[];
  readonly normalConcat: readonly number[];
  readonly reduce: readonly CellEdge[];
  readonly reduceConcat: readonly number[];
};

/** The offending part of a JSON path such as `normal[3]`. */
const part = (field: string, cell: string, index: number): string => `${field}.${cell}[${index}]`;

/** The part of a value that an issue is about. */
export const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );

const shape = z.strictObject({
  normal: z.array(z.tuple([z.string(), z.number().int()])),
  normalConcat: z.array(z.number().int()),
  reduce: z.array(z.tuple([z.string(), z.number().int()])),
  reduceConcat: z.array(z.number().int()),
});

const FORM =
  'Genotype(normal=[(operation, input), …], normal_concat=range(2, 6), reduce=[…], reduce_concat=range(2, 6))';

const isOperation = (name: string): name is CellOperation =>
  (CELL_OPERATIONS as readonly string[]).includes(name);

/** The edges of a cell that a network can be built from. */
const checkedEdges = (
  field: string,
  cell: 'normal' | 'reduce',
  edges: readonly (readonly [string, number])[],
  concat: readonly number[],
): readonly CellEdge[] => {
  const nodes = edges.length / 2;
  if (edges.length === 0 || !Number.isInteger(nodes))
    throw inputError(
      `${field}.${cell}`,
      `${edges.length} edges`,
      'an even number of edges, two for each node',
      'list two (operation, input) pairs for each node',
    );
  const checked = edges.map(([operation, input], i): CellEdge => {
    if (!isOperation(operation))
      throw inputError(
        part(field, cell, i),
        operation,
        CELL_OPERATIONS.join(', '),
        'use one of the allowed operations',
      );
    const states = 2 + Math.floor(i / 2);
    if (input < 0 || input >= states)
      throw inputError(
        part(field, cell, i),
        [operation, input],
        `inputs 0 to ${states - 1} for node ${states - 2}`,
        'an edge reads one of the two previous cells (0, 1) or an earlier node (2 and up)',
      );
    return [operation, input];
  });
  const states = nodes + 2;
  if (
    concat.length === 0 ||
    new Set(concat).size !== concat.length ||
    concat.some((s) => s < 0 || s >= states)
  )
    throw inputError(
      `${field}.${cell}_concat`,
      concat,
      `one or more distinct states, each 0 to ${states - 1}`,
      `use range(2, ${states}) to concatenate all nodes`,
    );
  return checked;
};

/** Checks any pair of cells a network can be built from; throws `InputError` naming the cell and the edge. */
export const checkCellGenotype = (value: unknown, field = 'genotype'): CellGenotype => {
  const parsed = shape.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = issue?.path ?? [];
    throw inputError(
      [field, ...path].join('.'),
      excerpt(valueAt(value, path)),
      FORM,
      issue?.message ?? 'use the form shown',
      {
        cause: parsed.error,
      },
    );
  }
  const { normal, normalConcat, reduce, reduceConcat } = parsed.data;
  return {
    normal: checkedEdges(field, 'normal', normal, normalConcat),
    normalConcat,
    reduce: checkedEdges(field, 'reduce', reduce, reduceConcat),
    reduceConcat,
  };
};

const printEdges = (edges: readonly CellEdge[]): string =>
  `[${edges.map(([operation, input]) => `('${operation}', ${input})`).join(', ')}]`;

/** The published form, on one line. */
export const printCellGenotype = (genotype: CellGenotype): string =>
  `Genotype(normal=${printEdges(genotype.normal)}, normal_concat=${printStates(genotype.normalConcat)}, ` +
  `reduce=${printEdges(genotype.reduce)}, reduce_concat=${printStates(genotype.reduceConcat)})`;

/**
 * Reads what is meant: two edges of each node in brackets of their own, and weights behind the inputs, which
 * tell nothing.
 */
const plainEdges = (edges: Json | undefined): Json | undefined => {
  if (!Array.isArray(edges)) return edges;
  const isEdge = (item: Json): boolean => Array.isArray(item) && typeof item[0] === 'string';
  const isNode = (item: Json): boolean => Array.isArray(item) && item.length > 0 && item.every(isEdge);
  const flat = (edges as readonly Json[]).every(isNode) ? (edges as readonly Json[][]).flat() : edges;
  return (flat as readonly Json[]).map((edge) =>
    Array.isArray(edge) && edge.length === 3 && typeof edge[2] === 'number' ? edge.slice(0, 2) : edge,
  );
};

const FIELDS = ['normal', 'normal_concat', 'reduce', 'reduce_concat'] as const;

/**
 * Reads the published form, `Genotype(normal=[('sep_conv_3x3', 0), …], normal_concat=range(2, 6), …)`, as
 * tools print it: after a name and `=`, in a line of a log, over many lines, with comments, lists for tuples
 * and ranges, numpy's integers, edges by node, weights of edges. Throws `InputError` naming the part.
 */
export const parseCellGenotype = (text: string, field = 'genotype'): CellGenotype => {
  let fields: Record<string, Json | undefined>;
  try {
    fields = genotypeFields(text, FIELDS);
  } catch (cause) {
    if (!(cause instanceof LiteralError)) throw cause;
    throw inputError(field, excerpt(text), FORM, `write the genotype in the form shown: ${cause.message}`, {
      cause,
    });
  }
  return checkCellGenotype(
    {
      normal: plainEdges(fields['normal']),
      normalConcat: fields['normal_concat'],
      reduce: plainEdges(fields['reduce']),
      reduceConcat: fields['reduce_concat'],
    },
    field,
  );
};
