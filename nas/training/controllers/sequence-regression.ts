import { sequenceLayout } from '../../search/trials/sequence-regression.ts';
import type { SequenceRegression, SequenceShape } from '../../search/trials/sequence-regression.ts';
import { compileGraphSync } from '../graph/compile.ts';
import type { CompiledGraph, FunctionSpec } from '../graph/compile.ts';
import { lossAndGradients } from '../graph/gradients.ts';
import { adam } from '../optimizers/adam.ts';
import type { HostTensor } from '../program.ts';
import { group, prefixed } from '../graph/variable-groups.ts';
import type { Tensor, Tf } from '../graph/tensor.ts';
import { lstmStep, zeroLstmState, type LstmState } from './lstm-cell.ts';
import { namedParameters, type NamedParameters } from './named-parameters.ts';
import { oneHot } from './one-hot.ts';

/** Beginnings of sequences that are read on at once. */
const CHUNK = 1024;

const optimizer = adam({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 });

/** The state after one more token of a kind, int32 [batch]. */
const read = (
  tf: Tf,
  shape: SequenceShape,
  weight: NamedParameters,
  state: LstmState,
  kind: string,
  token: Tensor,
): LstmState => {
  const hot = oneHot(tf, token, shape.kinds[kind] as number);
  const input = tf.matMul(hot as never, weight(kind) as never);
  return lstmStep(tf, input, state, weight('lstm/weights'), weight('lstm/bias'));
};

/** Predictions [batch] after the last token. */
const regress = (tf: Tf, weight: NamedParameters, { hidden }: LstmState): Tensor => {
  const logits = tf.add(tf.matMul(hidden as never, weight('output/weights') as never), weight('output/bias'));
  return tf.reshape(tf.sigmoid(logits), [hidden.shape[0] as number]);
};

const kindAt = ({ period }: SequenceShape, step: number): string => period[step % period.length] as string;

/** Predictions [batch] of tokens int32 [batch, length]. */
const forward = (tf: Tf, shape: SequenceShape, flat: Tensor, tokens: Tensor): Tensor => {
  const [batch, length] = tokens.shape as [number, number];
  const weight = namedParameters(tf, sequenceLayout(shape), flat);
  let state = zeroLstmState(tf, batch, shape.hidden);
  for (let step = 0; step < length; step++) {
    const token = tf.reshape(tf.slice(tokens, [0, step], [batch, 1]), [batch]);
    state = read(tf, shape, weight, state, kindAt(shape, step), token);
  }
  return regress(tf, weight, state);
};

/** Distinct beginnings of one length, as far as neighbouring sequences share them. */
interface Beginnings {
  /** Row of the beginning that is one token shorter. */
  readonly parents: number[];
  readonly tokens: number[];
}

/**
 * The beginnings of sequences at each length, and the row of each whole sequence in the last. Sequences in
 * lexical order share all that they can: candidates that extend one cell need its tokens read once.
 */
const beginningsOf = (
  sequences: readonly (readonly number[])[],
): { readonly levels: readonly Beginnings[]; readonly rows: readonly number[] } => {
  const levels = (sequences[0] ?? []).map((): Beginnings => ({ parents: [], tokens: [] }));
  let before: readonly number[] = [];
  const rows = sequences.map((sequence) => {
    let step = 0;
    while (step < levels.length && sequence[step] === before[step]) step++;
    for (; step < levels.length; step++) {
      const { parents, tokens } = levels[step] as Beginnings;
      parents.push(step === 0 ? 0 : (levels[step - 1] as Beginnings).tokens.length - 1);
      tokens.push(sequence[step] as number);
    }
    before = sequence;
    return (levels.at(-1)?.tokens.length ?? 0) - 1;
  });
  return { levels, rows };
};

/** Rows `rows` of a matrix with `width` columns, padded with its first row to `count`. */
const gathered = (
  matrix: Float32Array,
  width: number,
  rows: readonly number[],
  count: number,
): HostTensor => {
  const data = new Float32Array(count * width);
  rows.forEach((row, i) => data.set(matrix.subarray(row * width, (row + 1) * width), i * width));
  return { dtype: 'float32', shape: [count, width], data };
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
 * LSTM regression as compiled TensorFlow graphs, its gradients by TensorFlow. Graphs are kept for the life of
 * the process, one for each length and size of batch.
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
  /** One token of many sequences; after the last one `hidden` is the prediction. */
  const reader = (shape: SequenceShape, kind: string, isLast: boolean, batch: number, parameters: number) =>
    compileGraphSync(tf, {
      variables: {},
      functions: {
        read: {
          inputs: {
            flat: { shape: [parameters], dtype: 'float32' },
            hidden: { shape: [batch, shape.hidden], dtype: 'float32' },
            cell: { shape: [batch, shape.hidden], dtype: 'float32' },
            token: { shape: [batch], dtype: 'int32' },
          },
          body: (_vars, inputs) => {
            const weight = namedParameters(tf, sequenceLayout(shape), inputs['flat'] as Tensor);
            const before = { hidden: inputs['hidden'] as Tensor, cell: inputs['cell'] as Tensor };
            const after = read(tf, shape, weight, before, kind, inputs['token'] as Tensor);
            return { outputs: isLast ? { hidden: regress(tf, weight, after) } : { ...after } };
          },
        },
      },
    });
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
      const { levels, rows } = beginningsOf(sequences);
      const width = shape.hidden;
      let state = { hidden: new Float32Array(width), cell: new Float32Array(width) };
      levels.forEach(({ parents, tokens }, step) => {
        const isLast = step === levels.length - 1;
        const next = {
          hidden: new Float32Array(tokens.length * (isLast ? 1 : width)),
          cell: new Float32Array(isLast ? 0 : tokens.length * width),
        };
        const batch = Math.min(CHUNK, roundedUp(tokens.length));
        const graph = compiled(['read', shape, kindAt(shape, step), isLast, batch], () =>
          reader(shape, kindAt(shape, step), isLast, batch, parameters.length),
        );
        for (let from = 0; from < tokens.length; from += batch) {
          const count = Math.min(batch, tokens.length - from);
          const chosen = parents.slice(from, from + count);
          const token = new Int32Array(batch);
          token.set(tokens.slice(from, from + count));
          const after = graph.call('read', {
            flat,
            hidden: gathered(state.hidden, width, chosen, batch),
            cell: gathered(state.cell, width, chosen, batch),
            token: { dtype: 'int32', shape: [batch], data: token },
          });
          for (const [name, { data }] of Object.entries(after)) {
            const columns = data.length / batch;
            next[name as 'hidden' | 'cell'].set(
              data.subarray(0, count * columns) as Float32Array,
              from * columns,
            );
          }
        }
        state = next;
      });
      return rows.map((row) => state.hidden[row] as number);
    },
  };
};
