import { z } from 'zod';
import type { Random } from '../core/random.ts';
import { jsonGenotype } from './json-genotype.ts';
import { canonicalDag, type LabelledDag } from './labelled-dag.ts';
import type { Space } from './space.ts';

/** Layer types by their number in a Network Structure Code. */
export const NSC_TYPES = {
  1: { name: 'conv', kernels: [1, 3, 5], inputs: 1 },
  2: { name: 'max_pool', kernels: [1, 3], inputs: 1 },
  3: { name: 'avg_pool', kernels: [1, 3], inputs: 1 },
  4: { name: 'identity', kernels: [0], inputs: 1 },
  5: { name: 'add', kernels: [0], inputs: 2 },
  6: { name: 'concat', kernels: [0], inputs: 2 },
} as const;
export type NscType = keyof typeof NSC_TYPES;
export const NSC_TERMINAL = 7;
/** Largest index of a layer in a block, the terminal's excepted. */
export const MAX_INDEX = 23;

/**
 * One layer: predecessors are indices, 0 being the block's input; the second is 0 for layers of one input.
 */
export type NscLayer = readonly [index: number, type: number, kernel: number, first: number, second: number];
/** Layers of index 1, 2, … and the terminal (k, 7, 0, 0, 0). */
export type BlockQnnGenotype = readonly NscLayer[];

/** Everything a layer may be but its index and predecessors. */
const KINDS = Object.entries(NSC_TYPES).flatMap(([type, { kernels, inputs }]) =>
  kernels.map((kernel) => ({ type: Number(type), kernel, inputs })),
);

const inputsOf = (type: number): number => NSC_TYPES[type as NscType].inputs;

/** The layers without the terminal. */
export const layersOf = (genotype: BlockQnnGenotype): readonly NscLayer[] => genotype.slice(0, -1);

/** The indices that a layer reads. */
export const predecessorsOf = ([, type, , first, second]: NscLayer): readonly number[] =>
  inputsOf(type) === 2 ? [first, second] : [first];

/** Indices of the layers that no other reads: the block's output is their concatenation (§3.1). */
export const looseEnds = (genotype: BlockQnnGenotype): readonly number[] => {
  const layers = layersOf(genotype);
  const read = new Set(layers.flatMap(predecessorsOf));
  return layers.flatMap(([index]) => (read.has(index) ? [] : [index]));
};

const terminal = (index: number): NscLayer => [index, NSC_TERMINAL, 0, 0, 0];

/** Layers numbered from 1, and the terminal. */
const block = (layers: readonly NscLayer[]): BlockQnnGenotype => [
  ...layers.map(([, ...rest], i): NscLayer => [i + 1, ...rest]),
  terminal(layers.length + 1),
];

/** All layers that index may hold. */
export const optionsAt = (index: number): readonly NscLayer[] => {
  const earlier = Array.from({ length: index }, (_, i) => i);
  return KINDS.flatMap(({ type, kernel, inputs }) =>
    earlier.flatMap((first): readonly NscLayer[] =>
      inputs === 1
        ? [[index, type, kernel, first, 0]]
        : earlier.map((second) => [index, type, kernel, first, second]),
    ),
  );
};

/** A uniform kind, then uniform predecessors. */
const randomLayer = (index: number, random: Random): NscLayer => {
  const { type, kernel, inputs } = random.pick(KINDS);
  const first = random.int(index);
  return [index, type, kernel, first, inputs === 2 ? random.int(index) : 0];
};

const layer = z
  .tuple([z.number().int(), z.number().int(), z.number().int(), z.number().int(), z.number().int()])
  .readonly();
const schema: z.ZodType<BlockQnnGenotype> = z
  .array(layer)
  .min(2)
  .max(MAX_INDEX + 1);

const fault = (genotype: BlockQnnGenotype): readonly [string, unknown, string] | undefined => {
  const last = genotype.length;
  for (const [i, code] of genotype.entries()) {
    const [index, type, kernel, first, second] = code;
    const at = `${i}`;
    if (index !== i + 1) return [at, code, `index ${i + 1}`];
    if (i + 1 === last) {
      if (code.join() !== terminal(last).join()) return [at, code, `the terminal [${terminal(last).join()}]`];
      continue;
    }
    if (!Object.hasOwn(NSC_TYPES, type))
      return [at, code, `types ${Object.keys(NSC_TYPES).join(', ')}, ${NSC_TERMINAL} at the end`];
    const { kernels, inputs } = NSC_TYPES[type as NscType];
    if (!(kernels as readonly number[]).includes(kernel)) return [at, code, `kernels ${kernels.join(', ')}`];
    if (first < 0 || first >= index || second < 0 || second >= index)
      return [at, code, `predecessors 0 to ${index - 1}`];
    if (inputs === 1 && second !== 0) return [at, code, 'second predecessor 0 for a layer of one input'];
  }
  return undefined;
};

/** The layer taken out; its readers read what it read first. */
const removed = (layers: readonly NscLayer[], at: number): BlockQnnGenotype => {
  const gone = at + 1;
  const [, , , heir] = layers[at] as NscLayer;
  const moved = (source: number): number => {
    const now = source === gone ? heir : source;
    return now > gone ? now - 1 : now;
  };
  return block(
    layers
      .filter((_, i) => i !== at)
      .map(([index, type, kernel, first, second]): NscLayer => [
        index,
        type,
        kernel,
        moved(first),
        inputsOf(type) === 2 ? moved(second) : 0,
      ]),
  );
};

/** The layer as the last one. */
const appended = (layers: readonly NscLayer[], added: NscLayer): BlockQnnGenotype =>
  block([...layers, added]);

const replaced = (layers: readonly NscLayer[], at: number, code: NscLayer): BlockQnnGenotype =>
  block(layers.map((old, i) => (i === at ? code : old)));

/**
 * The block as a labelled graph: vertex 0 is the input, layers follow by index, the last one is the output.
 */
const dagOf = (genotype: BlockQnnGenotype): LabelledDag => {
  const layers = layersOf(genotype);
  return {
    labels: ['input', ...layers.map(([, type, kernel]) => `${type}/${kernel}`), 'output'],
    sources: [[], ...layers.map(predecessorsOf), looseEnds(genotype)],
  };
};

/** Layers that a uniform sample has at most; the terminal comes after each with equal chance. */
const SAMPLE_DEPTH = 10;

const SOURCE =
  'Zhong et al. 2018, "Practical Block-wise Neural Network Architecture Generation", §3.1 and Table 1: Network Structure ' +
  'Codes (index, type, kernel, pred1, pred2) of up to 23 layers; convolutions are pre-activated (ReLU, convolution, batch ' +
  'norm); loose ends are concatenated. The block is repeated, with pooling between stages.';

const encode = (genotype: BlockQnnGenotype): readonly number[] => {
  const layers = layersOf(genotype);
  return [
    layers.length / MAX_INDEX,
    looseEnds(genotype).length / MAX_INDEX,
    ...KINDS.map(
      ({ type, kernel }) =>
        layers.filter(([, t, k]) => t === type && k === kernel).length / Math.max(1, layers.length),
    ),
    ...Array.from({ length: MAX_INDEX }, (_, i) => {
      const code = layers[i];
      return [
        ...KINDS.map(({ type, kernel }) => (code?.[1] === type && code[2] === kernel ? 1 : 0)),
        code === undefined ? 0 : code[3] / code[0],
        code === undefined ? 0 : code[4] / code[0],
      ];
    }).flat(),
  ];
};

/** Every layer changed to another, taken away, or added at the end. */
const neighbours = (genotype: BlockQnnGenotype): readonly BlockQnnGenotype[] => {
  const layers = layersOf(genotype);
  const all = [
    ...layers.flatMap((old, i) =>
      optionsAt(i + 1)
        .filter((code) => code.join() !== old.join())
        .map((code) => replaced(layers, i, code)),
    ),
    ...(layers.length < MAX_INDEX ? optionsAt(layers.length + 1).map((code) => appended(layers, code)) : []),
    ...(layers.length > 1 ? [removed(layers, layers.length - 1)] : []),
  ];
  return [...new Map(all.map((other) => [JSON.stringify(other), other])).values()];
};

/** The blocks of Block-QNN. */
export const blockQnn: Space<BlockQnnGenotype> = {
  name: 'block-qnn',
  source: SOURCE,
  ...jsonGenotype<BlockQnnGenotype>(
    'block-qnn',
    schema,
    '[[index, type, kernel, pred1, pred2], …, [k, 7, 0, 0, 0]]',
    fault,
    (genotype) => canonicalDag(dagOf(genotype)),
  ),
  sample: (random) =>
    block(Array.from({ length: 1 + random.int(SAMPLE_DEPTH) }, (_, i) => randomLayer(i + 1, random))),
  /** With equal chance a layer is changed, added at the end, or removed. */
  mutate: (genotype, random) => {
    const layers = layersOf(genotype);
    const edit = random.int(3);
    if (edit === 1 && layers.length < MAX_INDEX)
      return appended(layers, randomLayer(layers.length + 1, random));
    if (edit === 2 && layers.length > 1) return removed(layers, random.int(layers.length));
    const at = random.int(layers.length);
    const old = layers[at] as NscLayer;
    return replaced(layers, at, random.pick(optionsAt(at + 1).filter((code) => code.join() !== old.join())));
  },
  /** The first layers of one parent and the rest of the other: predecessors stay earlier ones. */
  crossover: (a, b, random) => {
    const [left, right] = [layersOf(a), layersOf(b)];
    const cut = random.int(Math.min(left.length, right.length) + 1);
    return block([...left.slice(0, cut), ...right.slice(cut)]);
  },
  neighbours,
  encode,
  describe: () => ({
    name: 'block-qnn',
    source: SOURCE,
    lines: [
      `layer types: ${Object.values(NSC_TYPES)
        .map(({ name, kernels }) => `${name} (kernels ${kernels.join(', ')})`)
        .join(', ')}`,
      `at most ${MAX_INDEX} layers; every layer reads earlier ones`,
    ],
  }),
};
