import { afterAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { compileGraph } from '../../../nas/training/graph/compile.ts';
import { lossAndGradients } from '../../../nas/training/graph/gradients.ts';
import { toHost, toTensor, type Tensor, type Tensors } from '../../../nas/training/graph/tensor.ts';
import { eagerTrace } from '../../../nas/training/graph/trace-eager.ts';
import type { Trace } from '../../../nas/training/graph/trace.ts';
import { mapValues } from '../../../nas/training/graph/variable-groups.ts';
import { activate, ACTIVATIONS, highway, type Activation } from '../../../nas/training/layers/activations.ts';
import { lookUp } from '../../../nas/training/layers/embedding.ts';
import {
  featureNormEvaluation,
  featureNormTraining,
  movedStatistics,
} from '../../../nas/training/layers/feature-norm.ts';
import { lstmStep } from '../../../nas/training/layers/lstm.ts';
import { mixedHighway } from '../../../nas/training/layers/mixed-highway.ts';
import { sequenceProduct } from '../../../nas/training/layers/sequence-product.ts';
import { tokenLoss } from '../../../nas/training/layers/token-loss.ts';
import type { HostTensor } from '../../../nas/training/program.ts';

const { tf } = loadTensorFlow({ threads: 1 });
const tensors = tf.memory().numTensors;

const float = (seed: number, ...shape: number[]): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(3 * i + seed)),
});
const int = (shape: readonly number[], ...data: number[]): HostTensor => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(data),
});

type HostTensors = Readonly<Record<string, HostTensor>>;
type Compute = (given: Record<string, Tensor>, trace: Trace) => Tensor;

/** A loss of the result that tells its elements apart, and the gradients of the float inputs. */
const differentiated = (given: Tensors, trace: Trace, compute: Compute): Tensors => {
  const params = Object.fromEntries(Object.entries(given).filter(([, { dtype }]) => dtype === 'float32'));
  const { loss, gradients } = lossAndGradients(tf, trace, params, () => {
    const y = compute({ ...given }, trace);
    const weights = tf.tensor(
      Float32Array.from({ length: y.size }, (_, i) => Math.sin(i + 1)),
      y.shape,
    );
    return { loss: tf.sum(tf.mul(tf.square(y), weights)), extra: {} };
  });
  return { loss, ...gradients };
};

const eagerly = (given: HostTensors, compute: Compute): HostTensors => {
  tf.engine().startScope();
  const trace = eagerTrace(tf);
  try {
    const placed = mapValues(given, (host) => toTensor(tf, host));
    return mapValues(differentiated(placed, trace, compute), toHost);
  } finally {
    trace.release();
    tf.engine().endScope();
  }
};

/** Compiled as eagerly bit for bit, and as plain tfjs to rounding, with gradients. */
const expectSame = async (given: HostTensors, own: Compute, plain: Compute): Promise<void> => {
  const eager = eagerly(given, own);
  const graph = await compileGraph(tf, {
    variables: {},
    functions: {
      f: {
        inputs: mapValues(given, ({ shape, dtype }) => ({ shape, dtype })),
        body: (_, inputs, trace) => ({ outputs: differentiated(inputs, trace, own) }),
      },
    },
  });
  const compiled = graph.call('f', given);
  graph.dispose();
  const expected = eagerly(given, plain);
  for (const [name, { data }] of Object.entries(expected)) {
    expect(compiled[name]?.data, name).toEqual(eager[name]?.data);
    data.forEach((value, i) => expect(eager[name]?.data[i], `${name}[${i}]`).toBeCloseTo(value, 4));
  }
};

const plainActivation = (name: Activation, x: Tensor): Tensor =>
  ({ tanh: tf.tanh, relu: tf.relu, sigmoid: tf.sigmoid, identity: (y: Tensor) => tf.add(y, 0) })[name](x);

describe('layers of recurrent networks', () => {
  it.each(Object.keys(ACTIVATIONS) as Activation[])(
    '%s is that of tfjs, alone and in a highway',
    async (name) => {
      const given = { state: float(1, 2, 3), gate: float(2, 2, 3), candidate: float(3, 2, 3) };
      await expectSame(
        { x: float(0, 2, 3) },
        ({ x }) => activate(tf, name, x as Tensor),
        ({ x }) => plainActivation(name, x as Tensor),
      );
      await expectSame(
        given,
        (all) => highway(tf, name, all as never),
        ({ state, gate, candidate }) =>
          tf.add(
            state as Tensor,
            tf.mul(
              tf.sigmoid(gate as Tensor),
              tf.sub(plainActivation(name, candidate as Tensor), state as Tensor),
            ),
          ),
      );
    },
  );

  it('mixes highways by their weights, of several states', async () => {
    const names = ['tanh', 'relu', 'identity'] as const;
    await expectSame(
      {
        states: float(1, 2, 2, 3),
        gate: float(2, 2, 2, 3),
        candidate: float(3, 2, 2, 3),
        weights: float(4, 2, 3),
      },
      (all) => mixedHighway(tf, names, all as never),
      ({ states, gate, candidate, weights }) =>
        tf.addN(
          [0, 1].flatMap((from) =>
            names.map((name, k) => {
              const [s, c, h] = [states, gate, candidate].map((all) =>
                tf.squeeze(tf.slice(all as Tensor, from, 1), [0]),
              ) as [Tensor, Tensor, Tensor];
              const node = tf.add(s, tf.mul(tf.sigmoid(c), tf.sub(plainActivation(name, h), s)));
              return tf.mul(node, tf.slice(weights as Tensor, [from, k], [1, 1]));
            }),
          ),
        ),
    );
  });

  it('takes a step of an LSTM', async () => {
    await expectSame(
      { z: float(1, 2, 12), c: float(2, 2, 3) },
      ({ z, c }) => {
        const { hidden, memory } = lstmStep(tf, tf.split(z as Tensor, 4, 1), c as Tensor);
        return tf.concat([hidden, memory], 1);
      },
      ({ z, c }) => {
        const [i, f, g, o] = tf.split(z as Tensor, 4, 1) as [Tensor, Tensor, Tensor, Tensor];
        const memory = tf.add(tf.mul(tf.sigmoid(f), c as Tensor), tf.mul(tf.sigmoid(i), tf.tanh(g)));
        return tf.concat([tf.mul(tf.sigmoid(o), tf.tanh(memory)), memory], 1);
      },
    );
  });

  it('looks rows up, and adds up the gradients of equal ones', async () => {
    await expectSame(
      { table: float(1, 4, 3), at: int([2, 3], 1, 3, 1, 0, 1, 3) },
      ({ table, at }) => lookUp(tf, table as Tensor, at as Tensor),
      ({ table, at }) => {
        const rows = tf.oneHot(tf.reshape(at as Tensor, [6]) as never, 4, 1, 0, 'float32');
        return tf.reshape(tf.matMul(rows as never, table as never), [2, 3, 3]);
      },
    );
  });

  it.each([1, 2, 4])('multiplies and predicts the first %i steps of a sequence', async (steps) => {
    const length = int([], steps);
    const isInside = (most: number): Tensor =>
      tf.cast(tf.less(tf.range(0, most, 1, 'int32'), tf.scalar(steps, 'int32')), 'float32');
    await expectSame(
      { x: float(1, 4, 2, 3), w: float(2, 3, 5), length },
      ({ x, w, length: l }, trace) => sequenceProduct(tf, trace, x as Tensor, w as Tensor, l as Tensor),
      ({ x, w }) => {
        const all = tf.matMul(tf.reshape(x as Tensor, [8, 3]), w as never);
        return tf.mul(tf.reshape(all, [4, 2, 5]), tf.reshape(isInside(4), [4, 1, 1]));
      },
    );
    const words = int([4, 2], 0, 4, 3, 3, 1, 2, 0, 1);
    await expectSame(
      { x: float(1, 4, 2, 3), table: float(2, 5, 3), bias: float(3, 5), words, length },
      ({ x, table, bias, words: targets, length: l }, trace) =>
        tokenLoss(tf, trace, { x, table, bias, targets, length: l } as never),
      ({ x, table, bias, words: targets }) => {
        const rows = tf.reshape(x as Tensor, [8, 3]);
        const logits = tf.add(tf.matMul(rows, table as never, false, true), bias as Tensor);
        const picked = tf.oneHot(tf.reshape(targets as Tensor, [8]) as never, 5, 1, 0, 'float32');
        const losses = tf.neg(tf.sum(tf.mul(picked, tf.logSoftmax(logits)), 1));
        return tf.sum(tf.mul(tf.reshape(losses, [4, 2]), tf.reshape(isInside(4), [4, 1])));
      },
    );
  });

  it('normalises features by the batch, and moves its statistics as if after every use', async () => {
    const epsilon = 0.1;
    const plain = (x: Tensor): Tensor => {
      const { mean, variance } = tf.moments(x, 0);
      return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon)));
    };
    await expectSame(
      { x: float(1, 4, 3) },
      ({ x }) => featureNormTraining(tf, x as Tensor, { epsilon }).y,
      ({ x }) => plain(x as Tensor),
    );
    await expectSame(
      { x: float(1, 4, 3), scale: float(2, 3), offset: float(3, 3) },
      ({ x, scale, offset }) =>
        featureNormTraining(tf, x as Tensor, { affine: { scale, offset } as never, epsilon }).y,
      ({ x, scale, offset }) => tf.add(tf.mul(plain(x as Tensor), scale as Tensor), offset as Tensor),
    );
    tf.tidy(() => {
      const x = tf.tensor2d([1, 5, 3, 5], [2, 2]);
      const { mean, variance } = featureNormTraining(tf, x, {});
      expect([...mean.dataSync(), ...variance.dataSync()]).toEqual([2, 5, 1, 0]);
      expect([
        ...featureNormEvaluation(tf, x, { mean, variance: tf.add(variance, 3) }, { epsilon: 1 }).dataSync(),
      ]).toEqual([Math.fround(-1 / Math.sqrt(5)), 0, Math.fround(1 / Math.sqrt(5)), 0]);
      const uses = tf.tensor3d([1, 2, 3, 4, 0, 0], [3, 2, 1]);
      const moved = movedStatistics(tf, tf.tensor1d([10]), uses, tf.scalar(2, 'int32'), 0.5);
      // 10 → 5.5 → 3.75 → 3.375 → 3.6875.
      expect([...moved.dataSync()]).toEqual([3.6875]);
    });
    expect(() => tf.tidy(() => featureNormTraining(tf, tf.zeros([1, 3]), {}).y)).toThrow(/one value a unit/);
  });

  it('records operations whose types tfjs leaves open', async () => {
    await expectSame(
      { x: float(1, 2, 3) },
      ({ x }) => tf.expandDims(x as Tensor, 1),
      ({ x }) => tf.reshape(x as Tensor, [2, 1, 3]),
    );
  });
});

afterAll(() => {
  expect(tf.memory().numTensors).toBe(tensors);
});
