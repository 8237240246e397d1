import { shareOf } from '../../../nas/core/apportion.ts';
import { deriveSeed, randomFromSeed } from '../../../nas/core/random.ts';
import type { Tensor, Tensors, Tf } from '../../../nas/training/graph/tensor.ts';
import type { Feed, NetworkFacts, TensorTask } from '../../../nas/training/tasks/tensor-task.ts';
import { INPUTS } from './space.ts';
import type { VectorTypes } from './task.ts';
import { vectorTerms } from './terms.ts';

/** Examples of three numbers and one to be learnt. */
export interface VectorData {
  readonly train: readonly (readonly number[])[];
  readonly test: readonly (readonly number[])[];
  /** Splits that were opened. */
  readonly opened: string[];
}

/** y = x₀ − 2 x₁ + ½ x₂, with a little noise. */
export const vectorData = (counts = { train: 64, test: 20 }): VectorData => {
  const random = randomFromSeed(7);
  const example = (): number[] => {
    const [a, b, c] = [random.normal(), random.normal(), random.normal()];
    return [a, b, c, a - 2 * b + c / 2 + 0.01 * random.normal()];
  };
  return {
    train: Array.from({ length: counts.train }, example),
    test: Array.from({ length: counts.test }, example),
    opened: [],
  };
};

const feedOf = (
  examples: readonly (readonly number[])[],
  batchSize: number,
  orderOf?: (epoch: number) => readonly number[],
): Feed => ({
  batchesPerEpoch: orderOf ? Math.floor(examples.length / batchSize) : Math.ceil(examples.length / batchSize),
  shape: [batchSize, INPUTS],
  batch: (epoch, index) => {
    const order = orderOf?.(epoch) ?? [...examples.keys()];
    const chosen = order
      .slice(index * batchSize, (index + 1) * batchSize)
      .map((i) => examples[i] as readonly number[]);
    const x = new Float32Array(batchSize * INPUTS);
    // The number to be learnt, and whether it counts.
    const y = new Float32Array(batchSize * 2);
    chosen.forEach((example, i) => {
      x.set(example.slice(0, INPUTS), i * INPUTS);
      y.set([example[INPUTS] as number, 1], i * 2);
    });
    return { x, y, valid: chosen.length };
  },
  close: async () => {},
});

/** Squared errors [B], nothing for padding. */
const squaredErrors = (tf: Tf, outputs: Tensor, target: Tensor): Tensor => {
  const [rows] = outputs.shape as [number];
  const wanted = tf.slice(target, [0, 0], [rows, 1]);
  const counts = tf.slice(target, [0, 1], [rows, 1]);
  return tf.mul(tf.square(tf.sub(outputs, wanted)), counts);
};

/** The inputs [B, 3], each to its power. */
const features = (tf: Tf, x: Tensor, genotype: string): Tensor => {
  const rows = x.shape[0] as number;
  const columns = [...genotype].map((power, i) => {
    const column = tf.slice(x, [0, i], [rows, 1]);
    if (power === '-') return tf.mul(column, 0);
    return power === '1' ? column : power === '2' ? tf.square(column) : tf.mul(column, tf.square(column));
  });
  return tf.concat(columns, 1);
};

const linear = (tf: Tf, x: Tensor, vars: Tensors): Tensor => {
  const y = tf.matMul(x as never, vars['w'] as never);
  return vars['b'] === undefined ? y : tf.add(y, vars['b']);
};

const factsOf = ({ bias }: VectorTypes['network']): NetworkFacts => ({
  parameters: INPUTS + (bias ? 1 : 0),
  trainedParameters: INPUTS + (bias ? 1 : 0),
  multiplyAdds: INPUTS,
  activationBytes: 4,
  keptBytes: 4 * INPUTS,
  refusesBatch: () => undefined,
});

export const vectorRegression: TensorTask<VectorData> = {
  target: (batchSize) => ({ shape: [batchSize, 2], dtype: 'float32' }),
  loss: (tf, outputs, target) => tf.mean(squaredErrors(tf, outputs, target)),
  sums: (tf, outputs, target) => ({ squaredError: tf.sum(squaredErrors(tf, outputs, target)) }),
  sumNames: ['squaredError'],
  score: ({ squaredError = 0, images }) => vectorTerms.metric.score(squaredError / images),
  network: (tf, _data, { genotype, network }) => {
    const size = network as VectorTypes['network'];
    const output = (x: Tensor, vars: Tensors): Tensor => linear(tf, features(tf, x, genotype), vars);
    return {
      classifier: {
        weights: {
          w: { dtype: 'float32', shape: [INPUTS, 1], data: new Float32Array(INPUTS) },
          ...(size.bias && { b: { dtype: 'float32', shape: [1], data: new Float32Array(1) } }),
        },
        buffers: {},
        inputs: {},
        train: ({ x, vars }) => ({ logits: output(x, vars), buffers: {} }),
        evaluate: ({ x, vars }) => output(x, vars),
      },
      ...factsOf(size),
    };
  },
  describe: (_manifest, { size }) => factsOf(size as VectorTypes['network']),
  describeMixture: () => {
    throw new Error('there is no mixture of powers');
  },
  open: async (data, { data: task, recipe: { batchSize }, seed }) => {
    const { validationFraction } = task as VectorTypes['section'];
    data.opened.push('train');
    const validation = shareOf(data.train.length, validationFraction, 1);
    const parts = {
      train: data.train.slice(validation),
      'train+validation': data.train,
      validation: data.train.slice(0, validation),
    };
    return {
      counts: { train: parts.train.length, validation, test: data.test.length },
      training: (part, purpose) =>
        feedOf(parts[part], batchSize, (epoch) =>
          randomFromSeed(deriveSeed(seed, purpose, epoch)).shuffle([...parts[part].keys()]),
        ),
      evaluation: async (part) => {
        if (part === 'validation') return feedOf(parts.validation, batchSize);
        data.opened.push('test');
        return feedOf(data.test, batchSize);
      },
    };
  },
};
