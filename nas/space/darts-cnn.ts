import { inputError } from '../core/input-error.ts';
import type { Random } from '../core/random.ts';
import { hashCellGenotype } from './canonical-cell.ts';
import { PRIMITIVES, checkCellGenotype, parseCellGenotype, printCellGenotype } from './cell-genotype.ts';
import type { CellEdge, CellGenotype, Primitive } from './cell-genotype.ts';
import type { Space } from './space.ts';

/** Intermediate nodes of a cell. */
export const STEPS = 4;
/** Edges of the supernet's cell: node i can read the two previous cells and all earlier nodes. */
export const EDGES = 14;
/** First edge row of each node; row = offset + input. */
export const NODE_OFFSETS = [0, 2, 5, 9] as const;

const CELLS = ['normal', 'reduce'] as const;
const CONCAT = [2, 3, 4, 5];
const NODES = [0, 1, 2, 3];

type Cell = readonly CellEdge[];

const genotypeOf = (normal: Cell, reduce: Cell): CellGenotype => ({
  normal,
  normalConcat: CONCAT,
  reduce,
  reduceConcat: CONCAT,
});

/** The unordered pairs of inputs of node i, in lexicographic order. */
const PAIRS = NODES.map((node) => {
  const states = node + 2;
  return Array.from({ length: states }, (_, a) =>
    Array.from({ length: states - a - 1 }, (_, k) => [a, a + 1 + k] as const),
  ).flat();
});

const sampleCell = (random: Random): Cell =>
  NODES.flatMap((node) => {
    const inputs = random.sample(
      Array.from({ length: node + 2 }, (_, state) => state),
      2,
    );
    return inputs.map((input): CellEdge => [random.pick(PRIMITIVES), input]);
  });

/** All replacements of one edge: another operation, or another input distinct from the node's other edge. */
const edgeEdits = (cell: Cell, at: number): readonly CellEdge[] => {
  const [operation, input] = cell[at] as CellEdge;
  const other = (cell[at ^ 1] as CellEdge)[1];
  const states = Array.from({ length: Math.floor(at / 2) + 2 }, (_, state) => state);
  return [
    ...PRIMITIVES.filter((p) => p !== operation).map((p): CellEdge => [p, input]),
    ...states.filter((s) => s !== input && s !== other).map((s): CellEdge => [operation, s]),
  ];
};

const replaced = (genotype: CellGenotype, cell: (typeof CELLS)[number], at: number, edge: CellEdge) => ({
  ...genotype,
  [cell]: genotype[cell].map((old, i) => (i === at ? edge : old)),
});

const validate = (value: unknown, field = 'genotype'): CellGenotype => {
  const genotype = checkCellGenotype(value, field);
  for (const cell of CELLS) {
    const edges = genotype[cell];
    if (edges.length !== 2 * STEPS)
      throw inputError(
        `${field}.${cell}`,
        `${edges.length} edges`,
        `${2 * STEPS} edges (${STEPS} nodes of two inputs)`,
        'give the space darts-cnn a cell of four nodes',
      );
    edges.forEach(([operation, input], i) => {
      if (!(PRIMITIVES as readonly string[]).includes(operation))
        throw inputError(
          `${field}.${cell}[${i}]`,
          operation,
          PRIMITIVES.join(', '),
          'the space darts-cnn searches only these; other published operations can be trained but not searched',
        );
      if (i % 2 === 1 && (edges[i - 1] as CellEdge)[1] === input)
        throw inputError(
          `${field}.${cell}[${i}]`,
          [operation, input],
          `an input other than that of ${cell}[${i - 1}]`,
          'the two edges of a node read different states in the space darts-cnn',
        );
    });
    const concat = genotype[`${cell}Concat`];
    if (concat.join() !== CONCAT.join())
      throw inputError(
        `${field}.${cell}_concat`,
        concat,
        'range(2, 6)',
        'the space darts-cnn concatenates all nodes',
      );
  }
  return genotype;
};

/** Each cell as one row per edge of the supernet and one column per primitive; 1 where the edge is chosen. */
const encode = (genotype: CellGenotype): readonly number[] =>
  CELLS.flatMap((cell) => {
    const rows = new Array<number>(EDGES * PRIMITIVES.length).fill(0);
    genotype[cell].forEach(([operation, input], i) => {
      const row = (NODE_OFFSETS[Math.floor(i / 2)] as number) + input;
      rows[row * PRIMITIVES.length + PRIMITIVES.indexOf(operation as Primitive)] = 1;
    });
    return rows;
  });

/**
 * The genotype as the supernet's gated path: [2, 14] int32, row-major, normal cell first. Entry = index into
 * PRIMITIVES of the operation on that edge; an edge that is not chosen is 0 (`none`: nothing runs, value
 * zero).
 */
export const encodePath = (genotype: CellGenotype): Int32Array => {
  validate(genotype);
  const path = new Int32Array(2 * EDGES);
  CELLS.forEach((cell, c) =>
    genotype[cell].forEach(([operation, input], i) => {
      const row = (NODE_OFFSETS[Math.floor(i / 2)] as number) + input;
      path[c * EDGES + row] = PRIMITIVES.indexOf(operation as Primitive);
    }),
  );
  return path;
};

const choicesOfNode = (cell: Cell, node: number): readonly number[] => {
  const two = cell.slice(2 * node, 2 * node + 2);
  const [a, b] = [...two].sort((x, y) => x[1] - y[1]) as [CellEdge, CellEdge];
  const pair = (PAIRS[node] as (readonly [number, number])[]).findIndex(
    ([first, second]) => first === a[1] && second === b[1],
  );
  return [pair, PRIMITIVES.indexOf(a[0] as Primitive), PRIMITIVES.indexOf(b[0] as Primitive)];
};

const cellFromChoices = (choices: readonly number[]): Cell =>
  NODES.flatMap((node) => {
    const [pair, first, second] = choices.slice(3 * node, 3 * node + 3) as [number, number, number];
    const inputs = PAIRS[node]?.[pair] as readonly [number, number];
    return [
      [PRIMITIVES[first] as Primitive, inputs[0]] as const,
      [PRIMITIVES[second] as Primitive, inputs[1]] as const,
    ];
  });

const SOURCE =
  'Liu, Simonyan & Yang 2019, "DARTS", §2.1 and §3.1; uniform sampling as Li & Talwalkar 2019, §4.2: two distinct ' +
  'inputs for each node, an operation from all eight for each edge. `none` is sampled like any other operation ' +
  '(on CIFAR-10 both search and evaluation include the zero operation; published DARTS cells never contain it).';

/**
 * The DARTS CNN cell space: a normal and a reduction cell of four nodes, two inputs each, eight operations.
 */
export const dartsCnn: Space<CellGenotype> = {
  name: 'darts-cnn',
  source: SOURCE,
  sample: (random) => genotypeOf(sampleCell(random), sampleCell(random)),
  mutate: (genotype, random) => {
    const cell = random.pick(CELLS);
    const at = random.int(2 * STEPS);
    const edits = edgeEdits(genotype[cell], at);
    const operations = edits.filter(([operation]) => operation !== genotype[cell][at]?.[0]);
    const inputs = edits.filter(([operation]) => operation === genotype[cell][at]?.[0]);
    // Half the mutations change an input where the node has another to offer, as in AmoebaNet (Real et al.
    // 2019, §3).
    const kind = inputs.length > 0 && random.int(2) === 0 ? inputs : operations;
    return replaced(genotype, cell, at, random.pick(kind));
  },
  crossover: (a, b, random) => {
    const mixed = (cell: (typeof CELLS)[number]): Cell =>
      NODES.flatMap((node) => (random.int(2) === 0 ? a : b)[cell].slice(2 * node, 2 * node + 2));
    return genotypeOf(mixed('normal'), mixed('reduce'));
  },
  neighbours: (genotype) =>
    CELLS.flatMap((cell) =>
      genotype[cell].flatMap((_, at) =>
        edgeEdits(genotype[cell], at).map((edge) => replaced(genotype, cell, at, edge)),
      ),
    ),
  encode,
  validate,
  print: printCellGenotype,
  parse: (text, field) => validate(parseCellGenotype(text, field), field),
  hash: hashCellGenotype,
  describe: () => ({
    name: 'darts-cnn',
    source: SOURCE,
    size: NODES.reduce((size, node) => size * ((node + 2) * (node + 1)) * 0.5 * 64, 1) ** 2,
    lines: [
      `operations: ${PRIMITIVES.join(', ')}`,
      'cells: normal and reduction, four nodes each, every node sums two edges from distinct earlier states',
      'output of a cell: concatenation of its four nodes',
    ],
  }),
  decisions: {
    sizes: CELLS.flatMap(() =>
      NODES.flatMap((node) => [PAIRS[node]?.length ?? 0, PRIMITIVES.length, PRIMITIVES.length]),
    ),
    labels: CELLS.flatMap((cell) =>
      NODES.flatMap((node) =>
        ['inputs', 'first operation', 'second operation'].map((what) => `${cell}/node ${node}/${what}`),
      ),
    ),
    toChoices: (genotype) =>
      CELLS.flatMap((cell) => NODES.flatMap((node) => choicesOfNode(genotype[cell], node))),
    fromChoices: (choices) =>
      genotypeOf(cellFromChoices(choices.slice(0, 12)), cellFromChoices(choices.slice(12))),
  },
};
