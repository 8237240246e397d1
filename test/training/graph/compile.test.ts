import { afterAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { compileGraph, type FunctionSpec } from '../../../nas/training/graph/compile.ts';
import { customOperation } from '../../../nas/training/graph/custom-operation.ts';
import { lossAndGradients } from '../../../nas/training/graph/gradients.ts';
import type { HostTensor } from '../../../nas/training/program.ts';
import { toHost, toTensor, type Tensor, type Tensors } from '../../../nas/training/graph/tensor.ts';
import { eagerTrace } from '../../../nas/training/graph/trace-eager.ts';

const { tf } = loadTensorFlow({ threads: 1 });
const tensors = tf.memory().numTensors;

const float = (shape: readonly number[], value: (i: number) => number): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
});
const int = (shape: readonly number[], ...data: number[]): HostTensor => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(data),
});

const variables = {
  w: float([3, 2], (i) => i / 10),
  b: float([2], () => 0),
  v: float([3, 2], (i) => 1 - i / 7),
  seen: float([2], () => 0),
};

/** One of two layers by `branch`, a random mask, a state per branch; updates only if the loss is finite. */
const step: FunctionSpec = {
  inputs: {
    x: { shape: [4, 3], dtype: 'float32' },
    branch: { shape: [], dtype: 'int32' },
    seed: { shape: [2], dtype: 'int32' },
  },
  body: (vars, inputs, trace) => {
    const params = { w: vars.w as Tensor, b: vars.b as Tensor, v: vars.v as Tensor };
    const { loss, gradients, extra } = lossAndGradients(tf, trace, params, () => {
      const gate = trace.gate(inputs.branch as Tensor, 2);
      const [x0, x1] = gate.split(inputs.x as Tensor) as [Tensor, Tensor];
      const linear = tf.add(
        tf.matMul(x0 as never, gate.parameter(0, params.w) as never),
        gate.parameter(0, params.b),
      );
      const curved = tf.tanh(tf.matMul(x1 as never, gate.parameter(1, params.v) as never));
      const seen = gate.state(1, tf.mean(curved, 0), vars.seen as Tensor);
      const mask = trace.uniform([4, 2], inputs.seed as Tensor);
      const error = tf.square(tf.sub(gate.merge([linear, curved]), 1));
      return { loss: tf.mean(tf.mul(error, mask)), extra: { seen } };
    });
    const updates = Object.entries(params).map(([name, value]) => [
      name,
      tf.sub(value, tf.mul(gradients[name] as Tensor, 0.1)),
    ]);
    return {
      outputs: { loss },
      updates: { ...(Object.fromEntries(updates) as Tensors), seen: extra.seen },
      commit: tf.isFinite(loss),
    };
  },
};

const inputsOf = (i: number): Record<string, HostTensor> => ({
  x: float([4, 3], (k) => Math.sin(k + i)),
  branch: int([], i % 2),
  seed: int([2], 7, i),
});

/** The same function run eagerly, as state in and out. */
const eager = (
  state: Readonly<Record<string, HostTensor>>,
  inputs: Readonly<Record<string, HostTensor>>,
): { readonly loss: HostTensor; readonly state: Record<string, HostTensor> } => {
  tf.engine().startScope();
  const trace = eagerTrace(tf);
  try {
    const given = (host: Readonly<Record<string, HostTensor>>): Tensors =>
      Object.fromEntries(Object.entries(host).map(([name, tensor]) => [name, toTensor(tf, tensor)]));
    const { outputs, updates = {} } = step.body(given(state), given(inputs), trace);
    const next = Object.entries(updates).map(([name, tensor]) => [name, toHost(tensor)] as const);
    return { loss: toHost(outputs.loss as Tensor), state: { ...state, ...Object.fromEntries(next) } };
  } finally {
    trace.release();
    tf.engine().endScope();
  }
};

describe('compileGraph', () => {
  it('gives bit for bit what the eager function gives, on every branch', async () => {
    const graph = await compileGraph(tf, { variables, functions: { step } });
    let state: Record<string, HostTensor> = { ...variables };
    for (let i = 0; i < 6; i++) {
      const expected = eager(state, inputsOf(i));
      expect(graph.call('step', inputsOf(i)).loss?.data).toEqual(expected.loss.data);
      state = expected.state;
    }
    const after = graph.read();
    for (const name of Object.keys(variables)) expect(after[name]?.data).toEqual(state[name]?.data);
    graph.dispose();
  });

  it('adds gradients of chosen branches alone, and gets what adding zeros gives', async () => {
    const reads: FunctionSpec = {
      inputs: { x: { shape: [3], dtype: 'float32' }, path: { shape: [3], dtype: 'int32' } },
      body: (_, { x, path }, trace) => {
        /** factor · sin x where the choice is 1, else zero. */
        const term = (choice: Tensor, factor: number): Tensor => {
          const gate = trace.gate(choice, 2);
          const read = customOperation(tf, [x as Tensor], {
            forward: ([value]) => [gate.parameter(1, value as Tensor)],
            backward: ([dx], [value]) => [() => gate.gradient(1, dx as Tensor, value as Tensor)],
          })[0] as Tensor;
          return gate.merge([gate.split(tf.zeros([3]))[0] as Tensor, tf.mul(tf.sin(read), factor)]);
        };
        const { gradients, loss } = lossAndGradients(tf, trace, { x: x as Tensor }, () => {
          const [first, second, third] = tf.unstack(path as Tensor) as [Tensor, Tensor, Tensor];
          const terms = [term(first, 0.1), tf.mul(x as Tensor, 0.7), term(second, 0.2), term(third, 0.3)];
          return { loss: tf.sum(tf.addN(terms)), extra: {} };
        });
        return { outputs: { loss, dx: gradients.x as Tensor } };
      },
    };
    const graph = await compileGraph(tf, { variables: {}, functions: { reads } });
    const x = float([3], (i) => 0.3 + i);
    for (let code = 0; code < 8; code++) {
      const bits = [code & 1, (code >> 1) & 1, code >> 2];
      const { dx } = graph.call('reads', { x, path: int([3], ...bits) });
      tf.engine().startScope();
      const trace = eagerTrace(tf);
      const { outputs } = reads.body({}, { x: toTensor(tf, x), path: tf.tensor1d(bits, 'int32') }, trace);
      const expected = toHost(outputs.dx as Tensor).data;
      trace.release();
      tf.engine().endScope();
      expect(dx?.data).toEqual(expected);
      const share = bits.reduce((sum, bit, i) => sum + bit * 0.1 * (i + 1), 0);
      expect(dx?.data[0]).toBeCloseTo(0.7 + Math.cos(0.3) * share, 5);
    }
    graph.dispose();
  });

  it('changes nothing when a step is not committed', async () => {
    const graph = await compileGraph(tf, { variables, functions: { step } });
    graph.call('step', inputsOf(0));
    const before = graph.read();
    const { loss } = graph.call('step', { ...inputsOf(1), x: float([4, 3], () => Number.NaN) });
    expect(loss?.data[0]).toBeNaN();
    expect(graph.read()).toEqual(before);
    graph.dispose();
  });

  it('continues from written variables exactly', async () => {
    const [a, b] = await Promise.all([0, 1].map(() => compileGraph(tf, { variables, functions: { step } })));
    if (a === undefined || b === undefined) throw new Error('unreachable');
    a.call('step', inputsOf(0));
    b.write(a.read());
    expect(b.call('step', inputsOf(1))).toEqual(a.call('step', inputsOf(1)));
    expect(b.read(['w'])).toEqual(a.read(['w']));
    a.dispose();
    b.dispose();
  });

  it('draws the same numbers for the same seed and others for another', async () => {
    const draw: FunctionSpec = {
      inputs: { seed: { shape: [2], dtype: 'int32' } },
      body: (_, { seed }, trace) => ({ outputs: { u: trace.uniform([1000], seed as Tensor) } }),
    };
    const graph = await compileGraph(tf, { variables: {}, functions: { draw } });
    const of = (...seed: number[]): number[] =>
      Array.from(graph.call('draw', { seed: int([2], ...seed) }).u?.data ?? []);
    expect(of(1, 2)).toEqual(of(1, 2));
    expect(of(1, 2)).not.toEqual(of(1, 3));
    const mean = of(1, 2).reduce((sum, u) => sum + u, 0) / 1000;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
    graph.dispose();
  });

  it('refuses what cannot be compiled or does not fit', async () => {
    const reading: FunctionSpec = {
      inputs: { x: { shape: [], dtype: 'float32' } },
      body: (_, { x }) => ({ outputs: { y: tf.scalar((x as Tensor).dataSync()[0] as number) } }),
    };
    await expect(compileGraph(tf, { variables: {}, functions: { reading } })).rejects.toThrow(
      /function 'reading'.*may not read/,
    );
    const wrongShape: FunctionSpec = {
      inputs: {},
      body: () => ({ outputs: {}, updates: { w: tf.zeros([2]) } }),
    };
    await expect(compileGraph(tf, { variables, functions: { wrongShape } })).rejects.toThrow(/update of 'w'/);
    const graph = await compileGraph(tf, { variables, functions: { step } });
    expect(() => graph.call('step', { ...inputsOf(0), x: float([3, 4], () => 0) })).toThrow(
      /input 'x'.*float32\[3,4\], expected float32\[4,3\]/,
    );
    expect(() => graph.call('walk', {})).toThrow(/function 'walk': unknown/);
    expect(() => graph.write({ q: float([1], () => 0) })).toThrow(/variable 'q'/);
    graph.dispose();
    expect(() => graph.call('step', inputsOf(0))).toThrow(/disposed/);
  });
});

afterAll(() => {
  expect(tf.memory().numTensors).toBe(tensors);
});
