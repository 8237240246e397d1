import { elements } from '../../strategy/controller-math.ts';
import { sequenceLayout } from '../../strategy/sequence-regression.ts';
import type { SequenceRegression, SequenceShape } from '../../strategy/sequence-regression.ts';
import { compileGraphSync } from '../compile.ts';
import type { CompiledGraph, FunctionSpec } from '../compile.ts';
import { lossAndGradients } from '../gradients.ts';
import { adam } from '../optimizers/adam.ts';
import type { HostTensor } from '../program.ts';
import { group, prefixed } from '../programs/variable-groups.ts';
import type { Tensor, Tf } from '../tensor.ts';
import { lstmStep, zeroLstmState } from './lstm-cell.ts';

/** Sequences that are predicted at once. */
const CHUNK = 256;

const optimizer = adam({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 });

/** Predictions [batch] of tokens int32 [batch, length]. */
const forward = (tf: Tf, shape: SequenceShape, flat: Tensor, tokens: Tensor): Tensor => {
  const [batch, length] = tokens.shape as [number, number];
  let at = 0;
  const weights = new Map(
    sequenceLayout(shape).map(({ name, shape: dimensions }) => {
      const size = elements(dimensions);
      const part = tf.reshape(tf.slice(flat, [at], [size]), [...dimensions]);
      at += size;
      return [name, part] as const;
    }),
  );
  const weight = (name: string): Tensor => weights.get(name) as Tensor;
  let state = zeroLstmState(tf, batch, shape.hidden);
  for (let step = 0; step < length; step++) {
    const kind = shape.period[step % shape.period.length] as string;
    const token = tf.reshape(tf.slice(tokens, [0, step], [batch, 1]), [batch]);
    const hot = tf.oneHot(token as never, shape.kinds[kind] as number, 1, 0, 'float32');
    const input = tf.matMul(hot as never, weight(kind) as never);
    state = lstmStep(tf, input, state, weight('lstm/weights'), weight('lstm/bias'));
  }
  const logits = tf.add(
    tf.matMul(state.hidden as never, weight('output/weights') as never),
    weight('output/bias'),
  );
  return tf.reshape(tf.sigmoid(logits), [batch]);
};

/** The least power of two that is not below it: few sizes are compiled. */
const roundedUp = (count: number): number => 2 ** Math.ceil(Math.log2(count));

const tokensOf = (
  sequences: readonly (readonly number[])[],
  batch: number,
): { readonly shape: readonly [number, number]; readonly tokens: HostTensor } => {
  const length = sequences[0]?.length ?? 0;
  const data = new Int32Array(batch * length);
  sequences.forEach((sequence, i) => data.set(sequence, i * length));
  return {
    shape: [batch, length],
    tokens: { dtype: 'int32', shape: [batch, length], data },
  };
};
const floats = (values: readonly number[], size: number): HostTensor => {
  const data = new Float32Array(size);
  data.set(values);
  return { dtype: 'float32', shape: [size], data };
};

/**
 * LSTM regression as compiled TensorFlow graphs, its gradients by TensorFlow. Graphs are kept for the life of the process, one
 * for each length and size of batch.
 */
export const createSequenceRegression = (tf: Tf): SequenceRegression => {
  const graphs = new Map<string, CompiledGraph>();
  const compiled = (key: readonly unknown[], make: () => CompiledGraph): CompiledGraph => {
    const name = JSON.stringify(key);
    const graph = graphs.get(name) ?? make();
    graphs.set(name, graph);
    return graph;
  };
  const trainer = (shape: SequenceShape, size: readonly [number, number], parameters: number) => {
    const step: FunctionSpec = {
      inputs: {
        tokens: { shape: size, dtype: 'int32' },
        targets: { shape: [size[0]], dtype: 'float32' },
        shares: { shape: [size[0]], dtype: 'float32' },
        learningRate: { shape: [], dtype: 'float32' },
      },
      body: (vars, { tokens, targets, shares, learningRate }, trace) => {
        const params = group('parameters', vars);
        const { loss, gradients } = lossAndGradients(tf, trace, params, () => {
          const predicted = forward(tf, shape, params['flat'] as Tensor, tokens as Tensor);
          const errors = tf.abs(tf.sub(predicted, targets as Tensor));
          return { loss: tf.sum(tf.mul(errors, shares as Tensor)), extra: {} };
        });
        const moved = optimizer.update(tf, {
          params,
          gradients,
          slots: group('optimizer', vars),
          learningRate: learningRate as Tensor,
        });
        return {
          outputs: { loss },
          updates: { ...prefixed('parameters', moved.params), ...prefixed('optimizer', moved.slots) },
        };
      },
    };
    const flat = floats([], parameters);
    return compileGraphSync(tf, {
      variables: { 'parameters/flat': flat, ...prefixed('optimizer', optimizer.slots({ flat })) },
      functions: { step },
    });
  };
  return {
    fit: (shape, parameters, sequences, targets, { epochs, learningRate }) => {
      const { shape: size, tokens } = tokensOf(sequences, roundedUp(sequences.length));
      const graph = compiled(['fit', shape, size], () => trainer(shape, size, parameters.length));
      const flat: HostTensor = { dtype: 'float32', shape: [parameters.length], data: parameters };
      graph.write({ 'parameters/flat': flat, ...prefixed('optimizer', optimizer.slots({ flat })) });
      const inputs = {
        tokens,
        targets: floats(targets, size[0]),
        shares: floats(
          targets.map(() => 1 / targets.length),
          size[0],
        ),
        learningRate: { dtype: 'float32', shape: [], data: Float32Array.of(learningRate) },
      } as const;
      for (let epoch = 0; epoch < epochs; epoch++) graph.call('step', inputs);
      return graph.read(['parameters/flat'])['parameters/flat']?.data as Float32Array;
    },
    predict: (shape, parameters, sequences) => {
      const flat: HostTensor = { dtype: 'float32', shape: [parameters.length], data: parameters };
      const batch = Math.min(CHUNK, roundedUp(sequences.length));
      return Array.from({ length: Math.ceil(sequences.length / batch) }, (_, i) => {
        const chunk = sequences.slice(i * batch, (i + 1) * batch);
        const { shape: size, tokens } = tokensOf(chunk, batch);
        const graph = compiled(['predict', shape, size], () =>
          compileGraphSync(tf, {
            variables: {},
            functions: {
              predict: {
                inputs: {
                  flat: { shape: [parameters.length], dtype: 'float32' },
                  tokens: { shape: size, dtype: 'int32' },
                },
                body: (_vars, inputs) => ({
                  outputs: {
                    predicted: forward(tf, shape, inputs['flat'] as Tensor, inputs['tokens'] as Tensor),
                  },
                }),
              },
            },
          }),
        );
        const { predicted } = graph.call('predict', { flat, tokens });
        return [...(predicted as HostTensor).data.subarray(0, chunk.length)];
      }).flat();
    },
  };
};
