import { deriveSeed, randomFromSeed } from '../../../nas/core/random.ts';
import { chosenSpace, type SpaceChoice } from '../../../nas/space/registry.ts';
import type { Space } from '../../../nas/space/space.ts';
import type { Tensor, Tf } from '../../../nas/training/graph/tensor.ts';
import type { HostTensor } from '../../../nas/training/program.ts';
import type { Feed } from '../../../nas/training/tasks/feed.ts';
import type { ForwardCall, Model } from '../../../nas/training/tasks/model.ts';
import { TENSOR_TASKS } from '../../../nas/training/tasks/registry.ts';
import type { NetworkFacts, TensorTask } from '../../../nas/training/tasks/tensor-task.ts';
import { ACTIVATIONS, chainSpace, choicesOf, genotypeOf, NODES } from './space.ts';
import { ALPHABET, type SymbolManifest, type SymbolTypes } from './task.ts';
import { SYMBOLS, symbolTerms } from './terms.ts';
import { LENGTHS, symbolWindows, type StreamCounts, type Windows } from './windows.ts';

/** A data set that is at hand, and which splits have been read. */
export interface SymbolData {
  readonly counts: StreamCounts;
  read(split: 'train' | 'validation' | 'test'): Promise<Uint8Array>;
}

/** A window of the longest length: what is beyond its own is padding. */
const feedOf = (name: string, windows: Windows, read: () => Promise<Uint8Array>): Feed => {
  const { columns } = windows;
  let stream: Promise<Uint8Array> | undefined;
  return {
    name,
    shapes: Object.fromEntries(
      LENGTHS.map((length) => [
        `${length}`,
        {
          x: { shape: [length, columns], dtype: 'int32' },
          y: { shape: [length, columns], dtype: 'int32' },
          first: { shape: [], dtype: 'float32' },
        },
      ]),
    ),
    steps: (epoch) => windows.steps(epoch),
    size: (epoch, index) => windows.size(epoch, index),
    batch: async (epoch, index) => {
      const { start, length, first } = windows.window(epoch, index);
      const symbols = await (stream ??= read());
      const rows = Math.floor(symbols.length / columns);
      const padded = LENGTHS.findLast((whole) => whole >= length) as number;
      const [x, y] = [new Int32Array(padded * columns), new Int32Array(padded * columns).fill(-1)];
      for (let t = 0; t < length; t++)
        for (let column = 0; column < columns; column++) {
          const at = column * rows + start + t;
          x[t * columns + column] = symbols[at] as number;
          y[t * columns + column] = symbols[at + 1] as number;
        }
      const shape = [padded, columns];
      return {
        shape: `${padded}`,
        tensors: {
          x: { dtype: 'int32', shape, data: x },
          y: { dtype: 'int32', shape, data: y },
          first: { dtype: 'float32', shape: [], data: Float32Array.of(first ? 1 : 0) },
        },
        valid: length * columns,
        rateScale: length / LENGTHS[0],
      };
    },
    close: async () => {},
  };
};

const weightsOf = (units: number, seed: number): Record<string, HostTensor> => {
  const random = randomFromSeed(seed);
  const matrix = (rows: number, columns: number): HostTensor => ({
    dtype: 'float32',
    shape: [rows, columns],
    data: Float32Array.from({ length: rows * columns }, () => random.normal() / Math.sqrt(rows)),
  });
  return {
    embedding: matrix(ALPHABET, units),
    recurrent: matrix(units, units),
    ...Object.fromEntries(
      Array.from({ length: NODES - 1 }, (_, node) => [`node${node + 1}`, matrix(units, units)]),
    ),
    decoder: matrix(units, ALPHABET),
  };
};

type Activate = (node: number, a: Tensor) => Tensor;

/** The chain at every time step: node 0 reads symbol and state, the others the node before; all are given. */
const elman = (
  tf: Tf,
  { units, stateWeight }: { readonly units: number; readonly stateWeight: number },
  seed: number,
  inputs: Model['inputs'],
  activationOf: (call: Pick<ForwardCall, 'inputs'>) => Activate,
): Model => {
  const product = (a: Tensor, b: Tensor | undefined): Tensor => tf.matMul(a as never, b as never);
  const pass = (call: ForwardCall) => {
    const { vars } = call;
    const { x, y, first } = call.batch as { readonly x: Tensor; readonly y: Tensor; readonly first: Tensor };
    const [length, columns] = x.shape as [number, number];
    const activate = activationOf(call);
    const embedded = product(
      tf.reshape(tf.oneHot(x as never, ALPHABET, 1, 0, 'float32'), [length * columns, ALPHABET]),
      vars['embedding'],
    );
    let state = tf.mul(call.carried['state'] as Tensor, tf.sub(1, first)) as Tensor;
    const states: Tensor[] = [];
    for (let t = 0; t < length; t++) {
      const symbol = tf.slice(embedded, [t * columns, 0], [columns, units]);
      let node = activate(0, tf.add(symbol, product(state, vars['recurrent'])));
      for (let i = 1; i < NODES; i++) node = activate(i, product(node, vars[`node${i}`]));
      state = node;
      states.push(state);
    }
    const all = tf.concat(states, 0);
    const logits = product(all, vars['decoder']);
    const target = tf.oneHot(tf.reshape(y, [length * columns]) as never, ALPHABET, 1, 0, 'float32');
    const sum = tf.neg(tf.sum(tf.mul(target, tf.logSoftmax(logits)))) as Tensor;
    return { sum, all, state, examples: length * columns };
  };
  return {
    weights: weightsOf(units, seed),
    buffers: {},
    inputs,
    carried: ({ shapes }) => {
      const columns = Object.values(shapes)[0]?.['x']?.shape[1] as number;
      const data = new Float32Array(columns * units);
      return { state: { dtype: 'float32', shape: [columns, units], data } };
    },
    train: (call) => {
      const { sum, all, state, examples } = pass(call);
      const main = tf.div(sum, examples) as Tensor;
      return {
        loss: tf.add(main, tf.mul(tf.mean(tf.square(all)), stateWeight)),
        main,
        sums: { nats: sum },
        buffers: {},
        carried: { state },
      };
    },
    evaluate: (call) => {
      const { sum, state } = pass(call);
      return { loss: sum, sums: { nats: sum }, carried: { state } };
    },
  };
};

const factsOf = ({ units }: SymbolTypes['network']): NetworkFacts => {
  const parameters = 2 * ALPHABET * units + NODES * units * units;
  return {
    parameters,
    trainedParameters: parameters,
    multiplyAdds: parameters,
    activationBytes: 4 * NODES * units,
    keptBytes: 4 * NODES * units,
    refusesBatch: () => undefined,
  };
};

const spaceOf = (space: SpaceChoice): Space<string> => chosenSpace(space) as unknown as Space<string>;

const apply = (tf: Tf, choice: number, a: Tensor): Tensor => (choice === 0 ? tf.tanh(a) : tf.relu(a));

/** Both activations, weighed by a row of two weights. */
const weighed = (tf: Tf, row: Tensor, a: Tensor): Tensor => {
  const [t, r] = tf.unstack(tf.reshape(row, [ACTIVATIONS.length])) as [Tensor, Tensor];
  return tf.add(tf.mul(tf.tanh(a), t), tf.mul(tf.relu(a), r));
};

const rowOf = (tf: Tf, matrix: Tensor, row: number): Tensor =>
  tf.slice(matrix, [row, 0], [1, ACTIVATIONS.length]);

const symbolTensors: TensorTask<SymbolTypes, SymbolData> = {
  countName: 'symbols',
  sumNames: ['nats'],
  score: ({ nats = 0, symbols = 0 }) => symbolTerms.metric.score(Math.exp(nats / symbols)),
  load: ({ splits }: SymbolManifest, { bytes }) => ({
    counts: { train: splits.train.count, validation: splits.validation.count, test: splits.test.count },
    read: (split) => bytes(splits[split].blob),
  }),
  open: async ({ counts, read }, { recipe, seed }) => {
    const cuts = symbolWindows(counts, recipe.batchSize, seed);
    return {
      cuts,
      training: (part, purpose) =>
        feedOf(purpose, cuts.training(part, purpose), () => read(part as 'train' | 'validation')),
      drawn: (purpose) => feedOf(purpose, cuts.drawn(purpose), () => read('validation')),
      inOrder: (part) => feedOf(part, cuts.inOrder(part), () => read(part)),
    };
  },
  network: (tf, _data, { genotype, network, recipe, seed }) => {
    const choices = choicesOf(genotype);
    const size = { ...network, stateWeight: recipe.stateWeight };
    const activate: Activate = (node, a) => apply(tf, choices[node] as number, a);
    return { model: elman(tf, size, deriveSeed(seed, 'weights'), {}, () => activate), ...factsOf(network) };
  },
  describe: (_manifest, { size }) => factsOf(size),
  children: (tf, _data, { space, network, recipe, seed }) => ({
    space: spaceOf(space) as never,
    model: elman(
      tf,
      { ...network, stateWeight: recipe.stateWeight },
      deriveSeed(seed, 'weights'),
      { path: { shape: [NODES], dtype: 'int32' } },
      ({ inputs }) => {
        const chosen = tf.oneHot(inputs['path'] as never, ACTIVATIONS.length, 1, 0, 'float32') as Tensor;
        return (node, a) => weighed(tf, rowOf(tf, chosen, node), a);
      },
    ),
    path: (genotype) => ({
      dtype: 'int32',
      shape: [NODES],
      data: Int32Array.from(choicesOf(genotype as string)),
    }),
    multiplyAdds: () => factsOf(network).multiplyAdds,
  }),
  describeChildren:
    (_manifest, { size }) =>
    () =>
      factsOf(size),
  mixture: (tf, _data, { space, network, recipe, seed }) => ({
    space: spaceOf(space) as never,
    operations: ['tanh', 'relu'],
    kinds: { cell: NODES },
    model: elman(
      tf,
      { ...network, stateWeight: recipe.stateWeight },
      deriveSeed(seed, 'weights'),
      { 'edges/cell': { shape: [NODES, ACTIVATIONS.length], dtype: 'float32' } },
      ({ inputs }) =>
        (node, a) =>
          weighed(tf, rowOf(tf, inputs['edges/cell'] as Tensor, node), a),
    ),
    multiplyAdds: factsOf(network).multiplyAdds,
    derive: (weights) =>
      genotypeOf((weights['cell'] ?? []).map(([t = 0, r = 0]) => (t >= r ? 0 : 1))) as never,
  }),
  describeMixture: (_manifest, { size }) => factsOf(size),
};

Object.assign(TENSOR_TASKS, { [SYMBOLS]: symbolTensors });

/** The choice of the space, which the product's own types do not know. */
export const CHAIN = { name: chainSpace.name } as unknown as SpaceChoice;
