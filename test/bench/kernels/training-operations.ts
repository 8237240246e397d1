import { executedOperations } from '../../../bench/kernels/executed-operations.ts';
import { ONE_JOB_SEARCHES } from '../../../nas/search/one-job/registry.ts';
import type { ProgramSpec } from '../../../nas/job/program-spec.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import type { ImageRecipe } from '../../../nas/task/images/recipe.ts';
import { chosenSpace, spaceSchema, type SpaceChoice } from '../../../nas/space/registry.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { elements } from '../../../nas/search/trials/controller-math.ts';
import { easLayout } from '../../../nas/search/trials/eas-controller.ts';
import { sequenceLayout } from '../../../nas/search/trials/sequence-regression.ts';
import type { Layers } from '../../../nas/training/layers/layers.ts';
import { createEasController } from '../../../nas/training/controllers/eas-controller.ts';
import { createSequenceRegression } from '../../../nas/training/controllers/sequence-regression.ts';
import { buildClassifier } from '../../../nas/training/networks/network.ts';
import { networkOf } from '../../../nas/training/networks/registry.ts';
import { compileImages } from '../../training/compiled-images.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import { describeNetwork } from '../../../nas/training/layers/shape-layers.ts';
import { tensorLayers } from '../../../nas/training/layers/tensor-layers.ts';
import type { Tensor, Tf } from '../../../nas/training/graph/tensor.ts';
import { eagerTrace } from '../../../nas/training/graph/trace-eager.ts';
import { tinyData } from '../../training/programs/tiny-data.ts';

const SIDE = 8;

const recipeOf = (kind: string): ImageRecipe =>
  recipeSchema.parse({
    batchSize: 4,
    dropout: 0.2,
    dropPath: 0.2,
    labelSmoothing: 0.1,
    emaDecay: 0.9,
    optimizer: { kind },
  });

/**
 * One call of every layer that networks are written in: a layer that is missing here is an error of types.
 */
const LAYERS = {
  shape: (_layers, x) => x,
  conv: (layers, x) =>
    layers.conv(x, 'conv', { filters: 3, kernel: [3, 3], strides: [2, 2], padding: [1, 1] }),
  dilatedConv: (layers, x) => layers.dilatedConv(x, 'dilated', { filters: 3, kernel: 3, stride: 1 }),
  depthwise: (layers, x) => layers.depthwise(x, 'depthwise', { kernel: 5, stride: 2, dilation: 1 }),
  batchNorm: (layers, x) => layers.batchNorm(x, 'norm', true),
  relu: (layers, x) => layers.relu(x),
  relu6: (layers, x) => layers.relu6(x),
  maxPool: (layers, x) => layers.maxPool(x, { kernel: [3, 3], strides: [2, 2], padding: [1, 1] }),
  maxPool3x3: (layers, x) => layers.maxPool3x3(x, 1),
  averagePool3x3: (layers, x) => layers.averagePool3x3(x, 2),
  averagePool: (layers, x) => layers.averagePool(x, 2, 2),
  dropFirst: (layers, x) => layers.dropFirst(x),
  zero: (layers, x) => layers.zero(x, 2),
  zeroPad: (layers, x) => layers.zeroPad(x, [7, 7, 4]),
  channels: (layers, x) => layers.channels(x, 1, 1),
  flatten: (layers, x) => layers.flatten(x),
  add: (layers, x) => layers.add([x, x]),
  concat: (layers, x) => layers.concat([x, x]),
  globalAverage: (layers, x) => layers.globalAverage(x),
  dropPath: (layers, x) => layers.dropPath(x),
  fractalJoin: (layers, x) => layers.fractalJoin([x, x], { kind: 'mean', columns: [0, 1], total: 2 }),
  dropout: (layers, x) => layers.dropout(x),
  linear: (layers, x) => layers.linear(layers.globalAverage(x), 'linear', 3),
} as const satisfies Record<keyof Layers<unknown>, <T>(layers: Layers<T>, x: T) => T>;

/** A value of every layer, in training with all kinds of dropping and in evaluation, and its gradients. */
const runLayers = (tf: Tf): void =>
  tf.tidy(() => {
    for (const layer of Object.values(LAYERS) as (<T>(layers: Layers<T>, x: T) => T)[]) {
      const { declarations } = describeNetwork([6, 6, 2], (layers, x) => layer(layers, x));
      const vars = Object.fromEntries(declarations.map(({ name, shape }) => [name, tf.ones([...shape])]));
      const drop = { dropPath: tf.scalar(0.2), dropout: tf.scalar(0.2), seed: tf.tensor1d([1, 2], 'int32') };
      const trace = eagerTrace(tf);
      const weights = declarations.filter(({ role }) => role === 'weight').map(({ name }) => name);
      const value = (x: Tensor, ...given: Tensor[]): Tensor => {
        const moved = Object.fromEntries(weights.map((name, i) => [name, given[i] as Tensor]));
        // A layer may be its input itself, of which tfjs knows no gradient.
        return tf.mul(layer(tensorLayers(tf, { ...vars, ...moved }, { kind: 'train', trace, drop }), x), 1);
      };
      const x = tf.ones([2, 6, 6, 2]);
      tf.grads(value)([x, ...weights.map((name) => vars[name] as Tensor)]);
      layer(tensorLayers(tf, vars, { kind: 'evaluate' }), x);
    }
  });

/** A small network by each of the optimisers: losses, updates and averages are those of every network. */
const compileNetworks = async (tf: Tf): Promise<void> => {
  const choice: SpaceChoice = spaceSchema.parse({ name: 'nas-bench-201' });
  const space = chosenSpace(choice);
  const genotype = space.print(space.sample(randomFromSeed(1)));
  for (const kind of ['sgd', 'adam', 'rmsprop']) {
    const { classifier } = buildClassifier(
      tf,
      networkOf(choice, genotype),
      {
        size: { channels: 2, layers: 3, stem: 'cifar' },
        image: [SIDE, SIDE, 1],
        classes: 3,
        auxiliary: false,
      },
      7,
    );
    (await compileImages(tf, classifier, recipeOf(kind), [4, SIDE, SIDE, 1])).dispose();
  }
};

const task = {
  network: { channels: 2, layers: 2, stem: 'cifar' },
  recipe: recipeSchema.parse({ epochs: 1, batchSize: 16 }),
  data: {
    validationFraction: 0.5,
    splitSeed: 0,
    augmentation: { cropPadding: 0, horizontalFlip: false, cutout: 0 },
  },
  seed: 5,
} as const;

/** Searches of every kind, and a training with the auxiliary head. */
const programs = (): readonly ProgramSpec[] => {
  const random = ONE_JOB_SEARCHES['random-weight-sharing'].schema.parse({ name: 'random-weight-sharing' });
  const enas = ONE_JOB_SEARCHES.enas.schema.parse({ name: 'enas' });
  const space = (name: string): SpaceChoice => spaceSchema.parse({ name });
  return [
    ...(['running', 'batch'] as const).map((scoreStatistics): ProgramSpec => ({
      ...task,
      kind: 'weight-sharing-search',
      space: space('darts-cnn'),
      strategy: { ...random, scoreStatistics },
    })),
    ...['enas-macro', 'enas-micro'].map((name): ProgramSpec => ({
      ...task,
      kind: 'enas-search',
      space: space(name),
      strategy: enas,
    })),
    ...[
      ONE_JOB_SEARCHES.darts.schema.parse({ name: 'darts' }),
      ONE_JOB_SEARCHES.snas.schema.parse({ name: 'snas' }),
    ].map((strategy): ProgramSpec => ({
      ...task,
      kind: 'mixture-search',
      space: space('darts-cnn'),
      strategy,
    })),
    {
      ...task,
      kind: 'smash-search',
      space: spaceSchema.parse({
        name: 'smash',
        depth: 1,
        width: 1,
        maxWidth: 2,
        maxKernel: 3,
        maxGroups: 2,
      }),
      strategy: ONE_JOB_SEARCHES.smash.schema.parse({
        name: 'smash',
        hypernet: { layers: [1, 1, 0], growth: 3 },
      }),
    },
  ];
};

const compilePrograms = async (tf: Tf): Promise<void> => {
  for (const spec of programs()) (await createProgram(spec, { tf, data: tinyData() })).dispose();
};

type Layout = readonly { readonly shape: readonly number[] }[];
const parameters = (layout: Layout): Float32Array =>
  new Float32Array(layout.reduce((sum, { shape }) => sum + elements(shape), 0)).fill(0.1);

/** The networks that learn strategies: they compile in the worker. */
const compileStrategies = (tf: Tf): void => {
  const eas = { length: 5, vocabulary: 6, embedding: 2, hidden: 2, blocks: 3, places: 4, kernels: 3 };
  const controller = createEasController(tf);
  const actor = parameters(easLayout(eas));
  controller.widening(eas, actor, [3, 0, 5]);
  controller.deepening(eas, actor, [3, 0, 5], [1, 1, 1], [0.5, 0.5, 0.5]);
  controller.gradient(
    eas,
    actor,
    [
      {
        action: { kind: 'widen', tokens: [1, 5], possible: [true, false], taken: [true, false] },
        advantage: 1,
      },
      {
        action: {
          kind: 'deepen',
          tokens: [1, 5],
          places: [1, 1, 1],
          choices: [0, 0, 1],
          choosesKernel: true,
        },
        advantage: 1,
      },
    ],
    0.1,
  );
  const shape = { embedding: 2, hidden: 3, kinds: { a: 3, b: 2 }, period: ['a', 'b'] };
  const regression = createSequenceRegression(tf);
  const sequences = [
    [0, 1, 2, 0],
    [1, 0, 1, 1],
  ];
  const weights = parameters(sequenceLayout(shape));
  regression.fit(shape, weights, sequences, [0.1, 0.9], { epochs: 1, learningRate: 0.1 });
  regression.predict(shape, weights, sequences);
};

/** Names of the native operations that any training of the product runs. */
export const trainingOperations = (tf: Tf): Promise<ReadonlySet<string>> =>
  executedOperations(tf, async () => {
    runLayers(tf);
    await compileNetworks(tf);
    await compilePrograms(tf);
    compileStrategies(tf);
  });
