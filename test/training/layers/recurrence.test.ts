import { afterAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { compileGraph, type FunctionSpec } from '../../../nas/training/graph/compile.ts';
import { lossAndGradients } from '../../../nas/training/graph/gradients.ts';
import { toHost, toTensor, type Tensor } from '../../../nas/training/graph/tensor.ts';
import { eagerTrace } from '../../../nas/training/graph/trace-eager.ts';
import type { Trace } from '../../../nas/training/graph/trace.ts';
import { mapValues } from '../../../nas/training/graph/variable-groups.ts';
import { activate } from '../../../nas/training/layers/activations.ts';
import { recur } from '../../../nas/training/layers/recurrence.ts';
import type { HostTensor } from '../../../nas/training/program.ts';

const { tf } = loadTensorFlow({ threads: 1 });
const tensors = tf.memory().numTensors;

const MOST = 7;
const float = (shape: readonly number[], value: (i: number) => number): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
});
const length = (steps: number): HostTensor => ({ dtype: 'int32', shape: [], data: Int32Array.of(steps) });

const given = {
  x: float([MOST, 2, 3], (i) => Math.sin(i)),
  h: float([2, 4], (i) => Math.cos(i) / 2),
  w: float([7, 8], (i) => Math.sin(3 * i) / 2),
  u: float([4, 4], (i) => Math.cos(5 * i) / 2),
  bias: float([4], (i) => i / 10),
};
type Given = { readonly [Name in keyof typeof given]: Tensor };

/** A gated cell that uses one matrix twice and another only in its first half. */
const cell = (
  product: (weight: 'w' | 'u', x: Tensor) => readonly Tensor[],
  x: Tensor,
  h: Tensor,
  bias: Tensor,
): Tensor => {
  const times = (value: Tensor): Tensor => product('u', value)[0] as Tensor;
  const [gate, candidate] = product('w', tf.concat([x, h], 1)) as [Tensor, Tensor];
  const first = tf.add(h, tf.mul(activate(tf, 'sigmoid', gate), tf.sub(activate(tf, 'tanh', candidate), h)));
  return tf.add(activate(tf, 'tanh', times(tf.add(times(first), bias))), tf.mul(first, 0.5));
};

const lossOf = (outputs: Tensor, last: Tensor): Tensor =>
  tf.add(tf.sum(tf.mul(tf.square(outputs), 0.3)), tf.sum(tf.mul(last, last)));

const looped = (trace: Trace, { x, h, w, u, bias }: Given, steps: Tensor) => {
  const { carried, outputs, statistics } = recur(tf, trace, {
    length: steps,
    inputs: { x },
    carried: { h },
    weights: { w: { matrix: w, parts: 2 }, u: { matrix: u, parts: 1 } },
    shared: { bias },
    step: ({ inputs, carried, shared, product }) => {
      const next = cell(product, inputs.x as Tensor, carried.h as Tensor, shared.bias as Tensor);
      return { carried: { h: next }, outputs: { h: next }, statistics: { mean: tf.mean(next, 0) } };
    },
  });
  return { loss: lossOf(outputs.h as Tensor, carried.h as Tensor), mean: statistics.mean as Tensor };
};

const step: FunctionSpec = {
  inputs: {
    ...mapValues(given, ({ shape }) => ({ shape, dtype: 'float32' })),
    steps: { shape: [], dtype: 'int32' },
  },
  body: (_, { steps, ...values }, trace) => {
    const { loss, gradients, extra } = lossAndGradients(tf, trace, values, () => {
      const { loss, mean } = looped(trace, values as Given, steps as Tensor);
      return { loss, extra: { mean } };
    });
    return { outputs: { loss, ...extra, ...gradients } };
  },
};

const eagerly = <T>(compute: (values: Given, trace: Trace) => T): T => {
  tf.engine().startScope();
  const trace = eagerTrace(tf);
  try {
    return compute(mapValues(given, (host) => toTensor(tf, host)) as Given, trace);
  } finally {
    trace.release();
    tf.engine().endScope();
  }
};

describe('recur', () => {
  it('takes any number of steps in one graph, as it does eagerly, bit for bit', async () => {
    const graph = await compileGraph(tf, { variables: {}, functions: { step } });
    for (const steps of [1, 2, 5, MOST]) {
      const compiled = graph.call('step', { ...given, steps: length(steps) });
      const expected = eagerly((values, trace) =>
        mapValues(step.body({}, { ...values, steps: tf.scalar(steps, 'int32') }, trace).outputs, toHost),
      );
      for (const [name, { data }] of Object.entries(expected))
        expect(compiled[name]?.data, name).toEqual(data);
    }
    graph.dispose();
  });

  it('agrees with the unrolled recurrence, and reads nothing behind the last step', async () => {
    const graph = await compileGraph(tf, { variables: {}, functions: { step } });
    for (const steps of [1, 4, MOST]) {
      const unrolled = eagerly(({ x, h, w, u, bias }, trace) => {
        const params = { x, h, w, u, bias };
        const { loss, gradients } = lossAndGradients(tf, trace, params, () => {
          const outputs: Tensor[] = [];
          for (let t = 0; t < steps; t++)
            outputs.push(
              cell(
                (weight, input) => {
                  const y = tf.matMul(input as never, (weight === 'w' ? w : u) as never);
                  return weight === 'w' ? tf.split(y, 2, 1) : [y];
                },
                tf.squeeze(tf.slice(x, t, 1), [0]),
                outputs.at(-1) ?? h,
                bias,
              ),
            );
          return { loss: lossOf(tf.stack(outputs), outputs.at(-1) as Tensor), extra: {} };
        });
        return mapValues({ loss, ...gradients }, toHost);
      });
      const noise = given.x.data.map((value, i) => (i < steps * 6 ? value : Number.NaN));
      const compiled = graph.call('step', { ...given, x: { ...given.x, data: noise }, steps: length(steps) });
      for (const [name, { data }] of Object.entries(unrolled))
        data.forEach((value, i) => expect(compiled[name]?.data[i], name).toBeCloseTo(value, 4));
      const mean = compiled.mean as HostTensor;
      expect(mean.shape).toEqual([MOST, 4]);
      expect(mean.data.slice(4 * steps).every((value) => value === 0)).toBe(true);
      expect(mean.data.slice(0, 4 * steps).every((value) => value !== 0)).toBe(true);
    }
    graph.dispose();
  });

  it('has the gradients of finite differences', () => {
    const steps = 5;
    const difference = 4e-3;
    const lossAt = (values: Readonly<Record<string, HostTensor>>): number =>
      eagerly((_, trace) => {
        const all = mapValues(values, (host) => toTensor(tf, host)) as Given;
        return looped(trace, all, tf.scalar(steps, 'int32')).loss.dataSync()[0] as number;
      });
    const gradients = eagerly((values, trace) =>
      mapValues(step.body({}, { ...values, steps: tf.scalar(steps, 'int32') }, trace).outputs, toHost),
    );
    for (const [name, host] of Object.entries(given)) {
      const direction = Float32Array.from(host.data, (_, i) => Math.sin(7 * i + 1));
      const moved = (by: number): HostTensor => ({
        ...host,
        data: Float32Array.from(host.data, (value, i) => value + by * (direction[i] as number)),
      });
      const slope =
        (lossAt({ ...given, [name]: moved(difference) }) - lossAt({ ...given, [name]: moved(-difference) })) /
        (2 * difference);
      let expected = 0;
      (gradients[name] as HostTensor).data.forEach(
        (value, i) => (expected += value * (direction[i] as number)),
      );
      expect(Math.abs(slope - expected) / (1 + Math.abs(expected)), name).toBeLessThan(5e-3);
    }
  });

  it('refuses a carried value of another shape, and a value of a body outside of it', async () => {
    const wrong = (body: (trace: Trace, h: Tensor, steps: Tensor) => Tensor): FunctionSpec => ({
      inputs: { h: { shape: [2, 4], dtype: 'float32' }, steps: { shape: [], dtype: 'int32' } },
      body: (_, { h, steps }, trace) => ({ outputs: { y: body(trace, h as Tensor, steps as Tensor) } }),
    });
    const shape = wrong((trace, h, steps) =>
      tf.add(
        trace.loop({
          length: steps,
          most: 3,
          carried: [h],
          body: (_, [state]) => ({ carried: [tf.sum(state as Tensor)], collected: [] }),
        }).carried[0] as Tensor,
        1,
      ),
    );
    await expect(compileGraph(tf, { variables: {}, functions: { shape } })).rejects.toThrow(
      /a loop carries \[2,4\] and its body left \[\]/,
    );
    const outside = wrong((trace, h, steps) => {
      let inner: Tensor | undefined;
      trace.loop({
        length: steps,
        most: 3,
        carried: [h],
        body: (_, [state]) => {
          inner = tf.add(state as Tensor, 1);
          return { carried: [inner], collected: [] };
        },
      });
      return tf.add(inner as Tensor, 1);
    });
    await expect(compileGraph(tf, { variables: {}, functions: { outside } })).rejects.toThrow(
      /a value of a loop's body may not be used outside/,
    );
  });
});

afterAll(() => {
  expect(tf.memory().numTensors).toBe(tensors);
});
