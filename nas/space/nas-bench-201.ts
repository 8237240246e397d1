import { sha256 } from '../hash.ts';
import { inputError } from '../protocol/input-error.ts';
import { categorical } from './categorical.ts';
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
    throw inputError(field, value, `a list of ${EDGES} operations`, 'give one operation for each edge');
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

const parse = (text: string, field = 'genotype'): NasBench201Genotype => {
  const nodes = text.trim().split('+');
  const operations = nodes.flatMap((node, i) => {
    const edges = /^\|(.*)\|$/.exec(node)?.[1]?.split('|') ?? [];
    return edges.map((edge, k) => {
      const [operation, from] = edge.split('~');
      return from === String(NAS_BENCH_201_INPUTS[i]?.[k]) ? operation : edge;
    });
  });
  if (nodes.length !== NAS_BENCH_201_INPUTS.length || operations.length !== EDGES)
    throw inputError(field, text, FORM, 'write one operation~input for each of the six edges');
  return validate(operations, field);
};

/**
 * The cell as an expression: zero stays `#`, a skip connection is its source, any other operation wraps its source,
 * a node is the sorted sum of its edges. This is the benchmark's own notion of equal topologies (6,466 of them). It is not quite
 * isomorphism: nodes 1 and 2 in the other order can give another text, and a node that is read twice the text of two equal nodes.
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
