import { shareOf } from '../../../nas/core/apportion.ts';
import { deriveSeed, randomFromSeed } from '../../../nas/core/random.ts';
import type { Tensor, Tensors, Tf } from '../../../nas/training/graph/tensor.ts';
import type { Cut, TrainedPart } from '../../../nas/core/cut.ts';
import type { Feed } from '../../../nas/training/tasks/feed.ts';
import type { ForwardCall, Model } from '../../../nas/training/tasks/model.ts';
import type { NetworkFacts, TensorTask } from '../../../nas/training/tasks/tensor-task.ts';
import { INPUTS } from './space.ts';
import { vectorCuts, type VectorTypes } from './task.ts';
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

const SHAPE = 'whole';

const feedOf = (
  name: string,
  examples: readonly (readonly number[])[],
  batchSize: number,
  cut: Cut,
  orderOf?: (epoch: number) => readonly number[],
): Feed => {
  const x = { shape: [batchSize, INPUTS], dtype: 'float32' } as const;
  // The number to be learnt, and whether it counts.
  const y = { shape: [batchSize, 2], dtype: 'float32' } as const;
  return {
    name,
    shapes: { [SHAPE]: { x, y } },
    ...cut,
    batch: (epoch, index) => {
      const order = orderOf?.(epoch) ?? [...examples.keys()];
      const chosen = order
        .slice(index * batchSize, (index + 1) * batchSize)
        .map((i) => examples[i] as readonly number[]);
      const tensors = {
        x: { ...x, data: new Float32Array(batchSize * INPUTS) },
        y: { ...y, data: new Float32Array(batchSize * 2) },
      };
      chosen.forEach((example, i) => {
        tensors.x.data.set(example.slice(0, INPUTS), i * INPUTS);
        tensors.y.data.set([example[INPUTS] as number, 1], i * 2);
      });
      return { shape: SHAPE, tensors, valid: chosen.length };
    },
    close: async () => {},
  };
};

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

const model = (tf: Tf, genotype: string, { bias }: VectorTypes['network']): Model => {
  const outputs = ({ batch, vars }: Pick<ForwardCall, 'batch' | 'vars'>) => {
    const { x, y } = batch as { readonly x: Tensor; readonly y: Tensor };
    return squaredErrors(tf, linear(tf, features(tf, x, genotype), vars), y);
  };
  return {
    weights: {
      w: { dtype: 'float32', shape: [INPUTS, 1], data: new Float32Array(INPUTS) },
      ...(bias && { b: { dtype: 'float32', shape: [1], data: new Float32Array(1) } }),
    },
    buffers: {},
    inputs: {},
    train: (call) => {
      const errors = outputs(call);
      const loss = tf.mean(errors);
      return { loss, main: loss, sums: { squaredError: tf.sum(errors) }, buffers: {} };
    },
    evaluate: (call) => {
      const sum = tf.sum(outputs(call));
      return { loss: sum, sums: { squaredError: sum } };
    },
  };
};

export const vectorRegression: TensorTask<VectorTypes, VectorData> = {
  countName: 'vectors',
  sumNames: ['squaredError'],
  score: ({ squaredError = 0, vectors = 0 }) => vectorTerms.metric.score(squaredError / vectors),
  load: () => vectorData(),
  network: (tf, _data, { genotype, network }) => ({
    model: model(tf, genotype, network),
    ...factsOf(network),
  }),
  describe: (_manifest, { size }) => factsOf(size),
  open: async (data, { data: { validationFraction }, recipe: { batchSize }, seed }) => {
    data.opened.push('train');
    const validation = shareOf(data.train.length, validationFraction, 1);
    const counts = { train: data.train.length - validation, validation, test: data.test.length };
    const cuts = vectorCuts(counts, batchSize);
    const parts = {
      train: data.train.slice(validation),
      'train+validation': data.train,
      validation: data.train.slice(0, validation),
    };
    const shuffled = (part: TrainedPart, purpose: string, cut: Cut): Feed =>
      feedOf(purpose, parts[part], batchSize, cut, (epoch) =>
        randomFromSeed(deriveSeed(seed, purpose, epoch)).shuffle([...parts[part].keys()]),
      );
    return {
      cuts,
      training: (part, purpose) => shuffled(part, purpose, cuts.training(part, purpose)),
      drawn: (purpose) => shuffled('validation', purpose, cuts.drawn(purpose)),
      inOrder: (part) => {
        const feed = feedOf(
          part,
          part === 'test' ? data.test : parts.validation,
          batchSize,
          cuts.inOrder(part),
        );
        return {
          ...feed,
          batch: (epoch, index) => {
            if (part === 'test' && !data.opened.includes('test')) data.opened.push('test');
            return feed.batch(epoch, index);
          },
        };
      },
    };
  },
};
