import { createHash } from 'node:crypto';
import { sha256 } from '../core/hash.ts';
import type { Json } from '../core/json.ts';
import { inputError } from '../core/input-error.ts';
import type { Random } from '../core/random.ts';
import { withChoice } from './categorical.ts';
import { depthProfile } from './depth-profile.ts';
import { canonicalDag, pruned, type LabelledDag } from './labelled-dag.ts';
import { excerpt } from './excerpt.ts';
import { literalOf } from './literal-of.ts';
import type { Space } from './space.ts';

/** Operations of the inner vertices in the benchmark's own order (Ying et al. 2019, §2.1). */
export const NAS_BENCH_101_OPERATIONS = ['conv3x3', 'conv1x1', 'maxpool3x3'] as const;
export type NasBench101Operation = (typeof NAS_BENCH_101_OPERATIONS)[number];
const NAS_BENCH_101_MAX_EDGES = 9;

/**
 * `matrix[i][j]` = 1 where an edge leads from vertex i to vertex j > i; vertex 0 is the input, the last one
 * the output; `operations[i]` is that of vertex i + 1.
 */
export type NasBench101Genotype = {
  readonly matrix: readonly (readonly number[])[];
  readonly operations: readonly NasBench101Operation[];
};

const dagOf = ({ matrix, operations }: NasBench101Genotype) => ({
  labels: ['input', ...operations, 'output'],
  sources: matrix.map((_, j) => matrix.flatMap((row, i) => (row[j] === 1 ? [i] : []))),
});

/** The graph without vertices on no path from input to output. */
export const nasBench101Dag = (genotype: NasBench101Genotype): LabelledDag => {
  const dag = pruned(dagOf(genotype));
  if (dag === undefined) throw new RangeError('a genotype of this space has a path from input to output');
  return dag;
};

const edgesOf = (genotype: NasBench101Genotype): number =>
  genotype.matrix.flat().reduce((sum, entry) => sum + entry, 0);

/** The genotype without vertices on no path from input to output; undefined where no path exists. */
const prunedGenotype = (genotype: NasBench101Genotype): NasBench101Genotype | undefined => {
  const dag = pruned(dagOf(genotype));
  return (
    dag && {
      matrix: dag.labels.map((_, i) => dag.sources.map((from) => (from.includes(i) ? 1 : 0))),
      operations: dag.labels.slice(1, -1) as NasBench101Operation[],
    }
  );
};

const isValid = (genotype: NasBench101Genotype): boolean =>
  edgesOf(genotype) <= NAS_BENCH_101_MAX_EDGES && pruned(dagOf(genotype)) !== undefined;

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const pythonList = (texts: readonly string[]): string => `[${texts.map((text) => `'${text}'`).join(', ')}]`;

/**
 * The benchmark's own key of a graph: MD5 over iterated neighbourhood labels of the pruned graph. Tables of
 * NAS-Bench-101 are indexed by it.
 */
export const nasBench101Key = (genotype: NasBench101Genotype): string => {
  const { matrix, operations } = prunedGenotype(genotype) ?? genotype;
  const labels = [-1, ...operations.map((operation) => NAS_BENCH_101_OPERATIONS.indexOf(operation)), -2];
  let hashes = matrix.map((row, v) => {
    const [out, incoming] = [row, matrix.map((other) => other[v] ?? 0)].map((bits) =>
      bits.reduce((sum, bit) => sum + bit, 0),
    );
    return md5(`(${out}, ${incoming}, ${labels[v]})`);
  });
  for (let round = 0; round < matrix.length; round++)
    hashes = hashes.map((own, v) => {
      const incoming = hashes.filter((_, w) => matrix[w]?.[v] === 1).sort();
      const outgoing = hashes.filter((_, w) => matrix[v]?.[w] === 1).sort();
      return md5(`${incoming.join('')}|${outgoing.join('')}|${own}`);
    });
  return md5(pythonList([...hashes].sort()));
};

/**
 * Which sequences of operations lead from the input to the output (White, Neiswanger & Savani 2021,
 * "BANANAS", §3): one entry for each sequence of at most `inner` operations, shorter ones first. Isomorphic
 * graphs are encoded alike.
 */
const pathEncoding = (genotype: NasBench101Genotype, inner: number): readonly number[] => {
  const base = NAS_BENCH_101_OPERATIONS.length;
  const offsets = Array.from({ length: inner + 2 }, (_, length) => (base ** length - 1) / (base - 1));
  const code = new Array<number>(offsets[inner + 1] as number).fill(0);
  const output = genotype.matrix.length - 1;
  const walk = (vertex: number, length: number, index: number): void => {
    genotype.matrix[vertex]?.forEach((bit, next) => {
      if (bit === 0) return;
      if (next === output) code[(offsets[length] as number) + index] = 1;
      else
        walk(
          next,
          length + 1,
          index * base +
            NAS_BENCH_101_OPERATIONS.indexOf(genotype.operations[next - 1] as NasBench101Operation),
        );
    });
  };
  walk(0, 0, 0);
  return code;
};

const FORM = '{"matrix": [[0, 1, …], …], "operations": ["conv3x3", …]}';

/** The constants of the benchmark's own example, `ops=[INPUT, CONV1X1, …]`, as what they stand for. */
const quotedConstants = (text: string): string =>
  text.replace(/(?<!["'\w])(?:INPUT|OUTPUT|CONV[13]X[13]|MAXPOOL(?:3X3)?)(?!["'\w])/g, "'$&'");

/**
 * Names of the fields and operations in the benchmark's code, whose operations include those of input and
 * output.
 */
const asPrinted = (value: Json): Json => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const record = value as Readonly<Record<string, Json>>;
  const first = (...names: readonly string[]): Json | undefined => {
    const name = names.find((key) => Object.hasOwn(record, key));
    return name === undefined ? undefined : record[name];
  };
  const matrix = first('matrix', 'adjacency', 'module_adjacency', 'original_matrix');
  const operations = first('operations', 'ops', 'module_operations', 'labels', 'original_ops');
  if (matrix === undefined || !Array.isArray(operations)) return value;
  const names = (operations as readonly Json[]).map((name) =>
    typeof name === 'string'
      ? name
          .toLowerCase()
          .replace(/-bn-relu$/, '')
          .replace(/^maxpool$/, 'maxpool3x3')
      : name,
  );
  const inner = names[0] === 'input' && names.at(-1) === 'output' ? names.slice(1, -1) : names;
  return { matrix, operations: inner };
};

/** The cell space of NAS-Bench-101 with at most `maxVertices` vertices (the paper's limit is 7). */
export const nasBench101 = (maxVertices = 7): Space<NasBench101Genotype> => {
  const name = maxVertices === 7 ? 'nas-bench-101' : `nas-bench-101-${maxVertices}`;
  const source =
    'Ying et al. 2019, "NAS-Bench-101", §2.1: cells of at most 7 vertices and 9 edges; random graphs, mutation (an ' +
    'edge flips or an operation changes) and rejection of invalid graphs as in §S3 of the same paper. ' +
    `Here at most ${maxVertices} vertices; a graph of fewer is one whose other vertices lie on no path.`;
  const pairs = Array.from({ length: maxVertices }, (_, i) =>
    Array.from({ length: maxVertices - i - 1 }, (_, k) => [i, i + 1 + k] as const),
  ).flat();
  const inner = maxVertices - 2;
  const sizes = [...pairs.map(() => 2), ...new Array<number>(inner).fill(NAS_BENCH_101_OPERATIONS.length)];

  const build = (choices: readonly number[]): NasBench101Genotype => {
    const matrix = Array.from({ length: maxVertices }, () => new Array<number>(maxVertices).fill(0));
    pairs.forEach(([i, j], at) => ((matrix[i] as number[])[j] = choices[at] as number));
    return {
      matrix,
      operations: choices
        .slice(pairs.length)
        .map((choice) => NAS_BENCH_101_OPERATIONS[choice] as NasBench101Operation),
    };
  };
  const fromChoices = (choices: readonly number[]): NasBench101Genotype | undefined => {
    const genotype = build(choices);
    return isValid(genotype) ? genotype : undefined;
  };
  /** Smaller graphs are written with isolated inner vertices before the output. */
  const toChoices = ({ matrix, operations }: NasBench101Genotype): readonly number[] => {
    const output = matrix.length - 1;
    const at = (vertex: number): number =>
      vertex === maxVertices - 1 ? output : vertex < output ? vertex : -1;
    return [
      ...pairs.map(([i, j]) => matrix[at(i)]?.[at(j)] ?? 0),
      ...Array.from({ length: inner }, (_, i) =>
        Math.max(0, NAS_BENCH_101_OPERATIONS.indexOf(operations[i] as NasBench101Operation)),
      ),
    ];
  };
  const edited = (choices: readonly number[]): readonly NasBench101Genotype[] =>
    sizes.flatMap((size, i) =>
      Array.from({ length: size }, (_, option) => option)
        .filter((option) => option !== choices[i])
        .flatMap((option) => fromChoices(withChoice(choices, i, option)) ?? []),
    );
  const validate = (value: unknown, field = 'genotype'): NasBench101Genotype => {
    const candidate = value as Partial<NasBench101Genotype> | null;
    const { matrix, operations } = typeof candidate === 'object' && candidate !== null ? candidate : {};
    const n = Array.isArray(matrix) ? matrix.length : 0;
    const wellFormed =
      Array.isArray(matrix) &&
      Array.isArray(operations) &&
      n >= 2 &&
      operations.length === n - 2 &&
      matrix.every(
        (row, i) =>
          Array.isArray(row) && row.length === n && row.every((bit, j) => bit === 0 || (bit === 1 && j > i)),
      );
    if (!wellFormed)
      throw inputError(
        field,
        excerpt(value),
        `${FORM}, matrix upper triangular with entries 0 and 1`,
        'use that form',
      );
    if (n > maxVertices)
      throw inputError(
        `${field}.matrix`,
        `${n} vertices`,
        `at most ${maxVertices} vertices`,
        'remove vertices',
      );
    operations.forEach((operation, i) => {
      if (!NAS_BENCH_101_OPERATIONS.includes(operation))
        throw inputError(
          `${field}.operations[${i}]`,
          operation,
          NAS_BENCH_101_OPERATIONS.join(', '),
          'use one of the allowed operations',
        );
    });
    const genotype = { matrix, operations };
    if (edgesOf(genotype) > NAS_BENCH_101_MAX_EDGES)
      throw inputError(`${field}.matrix`, `${edgesOf(genotype)} edges`, 'at most 9 edges', 'remove edges');
    if (pruned(dagOf(genotype)) === undefined)
      throw inputError(`${field}.matrix`, matrix, 'a path from the first to the last vertex', 'connect them');
    return genotype;
  };
  const sample = (random: Random): NasBench101Genotype => {
    for (;;) {
      const genotype = fromChoices(sizes.map((size) => random.int(size)));
      if (genotype !== undefined) return genotype;
    }
  };
  return {
    name,
    source,
    sample,
    mutate: (genotype, random) => {
      const choices = toChoices(genotype);
      for (;;) {
        const at = random.int(sizes.length);
        const option = random.int((sizes[at] as number) - 1);
        const mutant = fromChoices(
          withChoice(choices, at, option >= (choices[at] as number) ? option + 1 : option),
        );
        if (mutant !== undefined) return mutant;
      }
    },
    /**
     * Uniform over the choices; a child that is no valid graph is drawn again, and one parent is always
     * reachable.
     */
    crossover: (a, b, random) => {
      const [left, right] = [toChoices(a), toChoices(b)];
      for (;;) {
        const child = fromChoices(
          left.map((choice, i) => (random.int(2) === 0 ? choice : (right[i] as number))),
        );
        if (child !== undefined) return child;
      }
    },
    neighbours: (genotype) => edited(toChoices(genotype)),
    /** Paths, which many graphs share, and what there is at each depth, which tells these apart. */
    encode: (genotype) => [
      ...pathEncoding(genotype, inner),
      ...depthProfile(nasBench101Dag(genotype), NAS_BENCH_101_OPERATIONS, inner),
    ],
    validate,
    print: (genotype) => JSON.stringify(genotype),
    parse: (text, field = 'genotype') =>
      validate(asPrinted(literalOf(quotedConstants(text), FORM, field)), field),
    hash: (genotype) => {
      const dag = pruned(dagOf(genotype));
      return sha256(`nas-bench-101/${dag === undefined ? 'disconnected' : canonicalDag(dag)}`);
    },
    describe: () => ({
      name,
      source,
      size: 2 ** pairs.length * 3 ** inner,
      lines: [
        `operations: ${NAS_BENCH_101_OPERATIONS.join(', ')}`,
        `at most ${maxVertices} vertices and ${NAS_BENCH_101_MAX_EDGES} edges; the size counts invalid graphs too`,
      ],
    }),
    decisions: {
      sizes,
      labels: [
        ...pairs.map(([i, j]) => `edge ${i}→${j}`),
        ...Array.from({ length: inner }, (_, i) => `operation of vertex ${i + 1}`),
      ],
      toChoices,
      fromChoices,
    },
  };
};
