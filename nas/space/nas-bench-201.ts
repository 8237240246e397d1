import { sha256 } from '../core/hash.ts';
import type { Json } from '../core/json.ts';
import { type InputError, inputError } from '../core/input-error.ts';
import { categorical } from './categorical.ts';
import { excerpt } from './excerpt.ts';
import { LiteralError, LONGEST, readLiteral } from './python-literal.ts';
import type { Space } from './space.ts';

/** Operations of NAS-Bench-201 in its own order (Dong & Yang 2020, §2.1). */
export const NAS_BENCH_201_OPERATIONS = [
  'none',
  'skip_connect',
  'nor_conv_1x1',
  'nor_conv_3x3',
  'avg_pool_3x3',
] as const;
export type NasBench201Operation = (typeof NAS_BENCH_201_OPERATIONS)[number];

/** Operations of the edges 0→1, 0→2, 1→2, 0→3, 1→3, 2→3: the order in which the benchmark prints them. */
export type NasBench201Genotype = readonly NasBench201Operation[];

/** Source state of each edge, grouped by target node. */
export const NAS_BENCH_201_INPUTS = [[0], [0, 1], [0, 1, 2]] as const;
const EDGES = NAS_BENCH_201_INPUTS.flat().length;
const FORM = '|op~0|+|op~0|op~1|+|op~0|op~1|op~2|';

const validate = (value: unknown, field = 'genotype'): NasBench201Genotype => {
  if (!Array.isArray(value) || value.length !== EDGES)
    throw inputError(
      field,
      excerpt(value),
      `a list of ${EDGES} operations`,
      'give one operation for each edge',
    );
  value.forEach((operation, i) => {
    if (!(NAS_BENCH_201_OPERATIONS as readonly unknown[]).includes(operation))
      throw inputError(
        `${field}[${i}]`,
        operation,
        NAS_BENCH_201_OPERATIONS.join(', '),
        'use one of the allowed operations',
      );
  });
  return value as NasBench201Genotype;
};

/** The benchmark's own architecture string. */
export const printNasBench201 = (genotype: NasBench201Genotype): string => {
  let edge = 0;
  return NAS_BENCH_201_INPUTS.map(
    (inputs) => `|${inputs.map((from) => `${genotype[edge++]}~${from}`).join('|')}|`,
  ).join('+');
};

/** NASLib's numbering of the operations, and its order of the edges: 0→1, 0→2, 0→3, 1→2, 1→3, 2→3. */
const NASLIB_OPERATIONS = ['skip_connect', 'none', 'nor_conv_3x3', 'nor_conv_1x1', 'avg_pool_3x3'] as const;
const NASLIB_EDGES = [0, 1, 3, 2, 4, 5] as const;
/** Edges as a dictionary names them, in the order of the benchmark. */
const EDGE_NAMES = ['0_1', '0_2', '1_2', '0_3', '1_3', '2_3'] as const;
/** Names of convolutions elsewhere. */
const OTHER_NAMES: Readonly<Record<string, NasBench201Operation>> = {
  conv_1x1: 'nor_conv_1x1',
  conv_3x3: 'nor_conv_3x3',
};

const named = (operation: Json | undefined): Json | undefined =>
  typeof operation === 'string' ? (OTHER_NAMES[operation] ?? operation) : operation;

/** A cell by edges, by nodes or by NASLib's six indices; undefined for anything else. */
const fromLiteral = (value: Json): readonly (Json | undefined)[] | undefined => {
  if (Array.isArray(value)) {
    const list: readonly Json[] = value;
    if (list.length === EDGES && list.every((index) => typeof index === 'number'))
      return NASLIB_EDGES.map(
        (edge) => NASLIB_OPERATIONS[list[edge] as number] ?? `index ${JSON.stringify(list[edge])}`,
      );
    if (list.length !== NAS_BENCH_201_INPUTS.length)
      return list.length === EDGES ? list.map(named) : undefined;
    const edges = NAS_BENCH_201_INPUTS.map((inputs, node) => {
      const pairs = list[node];
      return inputs.map((from, k) => {
        const pair = Array.isArray(pairs) ? (pairs as readonly Json[])[k] : undefined;
        return Array.isArray(pair) && pair[1] === from ? named(pair[0] as Json) : undefined;
      });
    }).flat();
    return edges.includes(undefined) ? undefined : edges;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Readonly<Record<string, Json>>;
  const complete =
    Object.keys(record).length === EDGES && EDGE_NAMES.every((name) => Object.hasOwn(record, name));
  return complete ? EDGE_NAMES.map((name) => named(record[name])) : undefined;
};

const refuse = (text: string, field: string, why: string, cause?: unknown): InputError =>
  inputError(field, excerpt(text), `${FORM}, or the six indices of NASLib in brackets`, why, { cause });

const parse = (text: string, field = 'genotype'): NasBench201Genotype => {
  if (text.length > LONGEST) throw refuse(text, field, `${text.length} characters are no cell`);
  if (!text.includes('|')) {
    let edges: ReturnType<typeof fromLiteral>;
    try {
      edges = fromLiteral(readLiteral(text));
    } catch (cause) {
      if (!(cause instanceof LiteralError)) throw cause;
      throw refuse(
        text,
        field,
        `write one operation~input for each of the six edges: ${cause.message}`,
        cause,
      );
    }
    if (edges === undefined) throw refuse(text, field, 'write one operation~input for each of the six edges');
    return validate(edges, field);
  }
  // Around it may stand a name and =, quotes, and what the benchmark's own classes print.
  const around = `${text.slice(0, text.indexOf('|'))}${text.slice(text.lastIndexOf('|') + 1)}`;
  if (around.includes('~')) throw refuse(text, field, 'begin and end with |');
  const nodes = text.slice(text.indexOf('|'), text.lastIndexOf('|') + 1).split('+');
  const operations = nodes.flatMap((node, i) => {
    const trimmed = node.trim();
    const edges =
      trimmed.length > 1 && trimmed.startsWith('|') && trimmed.endsWith('|')
        ? trimmed.slice(1, -1).split('|')
        : [];
    return edges.map((edge, k) => {
      const [operation, from] = edge.split('~');
      return from?.trim() === String(NAS_BENCH_201_INPUTS[i]?.[k]) ? operation?.trim() : edge;
    });
  });
  if (nodes.length !== NAS_BENCH_201_INPUTS.length || operations.length !== EDGES)
    throw refuse(text, field, 'write one operation~input for each of the six edges');
  return validate(operations, field);
};

/**
 * The cell as an expression: zero stays `#`, a skip connection is its source, any other operation wraps its
 * source, a node is the sorted sum of its edges. This is the benchmark's own notion of equal topologies
 * (6,466 of them). It is not quite isomorphism: nodes 1 and 2 in the other order can give another text, and a
 * node that is read twice the text of two equal nodes.
 */
const expression = (genotype: NasBench201Genotype): string => {
  const states = ['0'];
  let edge = 0;
  for (const inputs of NAS_BENCH_201_INPUTS)
    states.push(
      inputs
        .map((from) => {
          const operation = genotype[edge++];
          const source = states[from] as string;
          if (operation === 'none' || source === '#') return '#';
          return operation === 'skip_connect' ? source : `(${source})@${operation}`;
        })
        .sort()
        .join('+'),
    );
  return states[3] as string;
};

const SOURCE =
  'Dong & Yang 2020, "NAS-Bench-201", §2.1: a cell of four nodes, an operation on each of the six edges.';

/** The cell space of NAS-Bench-201: 5^6 = 15,625 cells. */
export const nasBench201: Space<NasBench201Genotype> = {
  name: 'nas-bench-201',
  source: SOURCE,
  ...categorical<NasBench201Genotype>(
    new Array<number>(EDGES).fill(NAS_BENCH_201_OPERATIONS.length),
    NAS_BENCH_201_INPUTS.flatMap((inputs, node) => inputs.map((from) => `edge ${from}→${node + 1}`)),
    (genotype) => genotype.map((operation) => NAS_BENCH_201_OPERATIONS.indexOf(operation)),
    (choices) => choices.map((choice) => NAS_BENCH_201_OPERATIONS[choice] as NasBench201Operation),
  ),
  validate,
  print: printNasBench201,
  parse,
  hash: (genotype) => sha256(`nas-bench-201/${expression(genotype)}`),
  describe: () => ({
    name: 'nas-bench-201',
    source: SOURCE,
    size: NAS_BENCH_201_OPERATIONS.length ** EDGES,
    lines: [`operations: ${NAS_BENCH_201_OPERATIONS.join(', ')}`, 'cell: four nodes, all six forward edges'],
  }),
};
