import { elements } from '../../search/trials/controller-math.ts';
import { easLayout } from '../../search/trials/eas-controller.ts';
import type { EasAction, EasController, EasControllerShape } from '../../search/trials/eas-controller.ts';
import { compileGraphSync } from '../graph/compile.ts';
import type { CompiledGraph, FunctionSpec } from '../graph/compile.ts';
import { lossAndGradients } from '../graph/gradients.ts';
import type { HostTensor } from '../program.ts';
import type { Tensor, Tf } from '../graph/tensor.ts';
import { logSigmoid } from './log-sigmoid.ts';
import { lstmStep, zeroLstmState } from './lstm-cell.ts';
import type { LstmState } from './lstm-cell.ts';
import { namedParameters, type NamedParameters } from './named-parameters.ts';
import { oneHot } from './one-hot.ts';

/** Far below any logit. */
const NEVER = -1e9;
/** Keeps a draw below the sum of rounded probabilities, so that what is masked is never drawn. */
const BELOW_ONE = 0.999999;

/** What the encoder makes of networks: [batch, 2 · hidden] for each position, and its last state. */
interface Encoded {
  readonly outputs: readonly Tensor[];
  readonly last: LstmState;
}

/** x · weights + bias of a fully connected layer. */
const affine = (tf: Tf, weight: NamedParameters, name: string, x: Tensor): Tensor =>
  tf.add(tf.matMul(x as never, weight(`${name}/weights`) as never), weight(`${name}/bias`));

/** One position of [batch, length, …] without that axis. */
const position = (tf: Tf, x: Tensor, at: number): Tensor => {
  const [batch, , ...rest] = x.shape as [number, number, ...number[]];
  return tf.reshape(tf.slice(x, [0, at, ...rest.map(() => 0)], [batch, 1, ...rest]), [batch, ...rest]);
};

/**
 * A bidirectional LSTM over tokens int32 [batch, length]; `mask` [batch, length] is 1 for tokens and 0 for
 * the padding behind them, which changes no state.
 */
const encode = (
  tf: Tf,
  { hidden, length, vocabulary, embedding }: EasControllerShape,
  weight: NamedParameters,
  tokens: Tensor,
  mask: Tensor,
): Encoded => {
  const batch = tokens.shape[0] as number;
  const hot = oneHot(tf, tf.reshape(tokens, [batch * length]), vocabulary);
  const embedded = tf.reshape(tf.matMul(hot as never, weight('tokens') as never), [batch, length, embedding]);
  const run = (name: string, order: readonly number[]): { outputs: Tensor[]; last: LstmState } => {
    const outputs: Tensor[] = [];
    let state = zeroLstmState(tf, batch, hidden);
    for (const at of order) {
      const next = lstmStep(
        tf,
        position(tf, embedded, at),
        state,
        weight(`${name}/weights`),
        weight(`${name}/bias`),
      );
      const here = tf.reshape(position(tf, mask, at), [batch, 1]);
      const kept = (now: Tensor, before: Tensor): Tensor => tf.add(before, tf.mul(here, tf.sub(now, before)));
      state = { hidden: kept(next.hidden, state.hidden), cell: kept(next.cell, state.cell) };
      outputs[at] = state.hidden;
    }
    return { outputs, last: state };
  };
  const positions = Array.from({ length }, (_, at) => at);
  const forward = run('forward', positions);
  const backward = run('backward', positions.toReversed());
  return {
    outputs: positions.map((at) =>
      tf.concat([forward.outputs[at] as Tensor, backward.outputs[at] as Tensor], 1),
    ),
    last: {
      hidden: tf.concat([forward.last.hidden, backward.last.hidden], 1),
      cell: tf.concat([forward.last.cell, backward.last.cell], 1),
    },
  };
};

/** Logits [batch, length] of the wider actor. */
const widerLogits = (
  tf: Tf,
  shape: EasControllerShape,
  weight: NamedParameters,
  encoded: Encoded,
): Tensor => {
  const batch = encoded.last.hidden.shape[0] as number;
  const all = tf.concat([...encoded.outputs], 0);
  const logits = affine(tf, weight, 'wider', all);
  return tf.transpose(tf.reshape(logits, [shape.length, batch]), [1, 0]);
};

/**
 * The deeper actor's three choices in turn. `placeMask` [batch, blocks, places] is 1 where a layer may be
 * put; `choose` makes the i-th choice, int32 [batch], from log-probabilities [batch, options]. Returns those.
 */
const deeperLogs = (
  tf: Tf,
  shape: EasControllerShape,
  weight: NamedParameters,
  encoded: Encoded,
  placeMask: Tensor,
  choose: (choice: number, logProbabilities: Tensor) => Tensor,
): readonly Tensor[] => {
  const batch = placeMask.shape[0] as number;
  const row = (hot: Tensor, table: string): Tensor => tf.matMul(hot as never, weight(table) as never);
  const masked = (logits: Tensor, allowed: Tensor): Tensor =>
    tf.logSoftmax(tf.add(logits, tf.mul(tf.sub(1, allowed), NEVER)) as never);
  let state = encoded.last;
  const next = (input: Tensor): Tensor => {
    state = lstmStep(tf, input, state, weight('deeper/weights'), weight('deeper/bias'));
    return state.hidden;
  };
  const start = tf.tile(weight('deeper/start') as never, [batch, 1]);
  const block = masked(affine(tf, weight, 'deeper/block', next(start)), tf.max(placeMask, 2));
  const inBlock = oneHot(tf, choose(0, block), shape.blocks);
  const allowed = tf.sum(tf.mul(tf.reshape(inBlock, [batch, shape.blocks, 1]), placeMask), 1);
  const place = masked(affine(tf, weight, 'deeper/place', next(row(inBlock, 'deeper/after block'))), allowed);
  const atPlace = oneHot(tf, choose(1, place), shape.places);
  const kernel = tf.logSoftmax(
    affine(tf, weight, 'deeper/kernel', next(row(atPlace, 'deeper/after place'))) as never,
  );
  choose(2, kernel);
  return [block, place, kernel];
};

/** Σ −p log p along the last axis. */
const entropyOf = (tf: Tf, logs: Tensor): Tensor => tf.neg(tf.sum(tf.mul(tf.exp(logs), logs), 1));

const floats = (...shape: number[]) => ({ shape, dtype: 'float32' }) as const;
const integers = (...shape: number[]) => ({ shape, dtype: 'int32' }) as const;

const networks = (shape: EasControllerShape, batch: number) => ({
  tokens: integers(batch, shape.length),
  mask: floats(batch, shape.length),
});
const sizeOf = (shape: EasControllerShape): number =>
  easLayout(shape).reduce((sum, { shape: dimensions }) => sum + elements(dimensions), 0);

const widening = (tf: Tf, shape: EasControllerShape): FunctionSpec => ({
  inputs: { parameters: floats(sizeOf(shape)), ...networks(shape, 1) },
  body: (_, { parameters, tokens, mask }) => {
    const weight = namedParameters(tf, easLayout(shape), parameters as Tensor);
    const encoded = encode(tf, shape, weight, tokens as Tensor, mask as Tensor);
    return { outputs: { probabilities: tf.sigmoid(widerLogits(tf, shape, weight, encoded)) } };
  },
});

const deepening = (tf: Tf, shape: EasControllerShape): FunctionSpec => ({
  inputs: {
    parameters: floats(sizeOf(shape)),
    ...networks(shape, 1),
    placeMask: floats(1, shape.blocks, shape.places),
    uniforms: floats(1, 3),
  },
  body: (_, { parameters, tokens, mask, placeMask, uniforms }) => {
    const weight = namedParameters(tf, easLayout(shape), parameters as Tensor);
    const encoded = encode(tf, shape, weight, tokens as Tensor, mask as Tensor);
    const choices: Tensor[] = [];
    deeperLogs(tf, shape, weight, encoded, placeMask as Tensor, (choice, logs) => {
      const draw = tf.mul(tf.slice(uniforms as Tensor, [0, choice], [1, 1]), BELOW_ONE);
      const passed = tf.cast(tf.lessEqual(tf.cumsum(tf.exp(logs), 1), draw), 'int32');
      const chosen = tf.sum(passed, 1);
      choices.push(chosen);
      return chosen;
    });
    return { outputs: { choices: tf.stack(choices as never, 1) } };
  },
});

/**
 * The authors' objective (han-cai/EAS b20c48a, `code/meta_controller/rl_controller.py:170–239`) over all
 * actions of a round: Σ advantage · log p, and the mean over actions of the mean entropy of their choices (a
 * widening's: of layers that can grow), weighted.
 */
const gradient = (
  tf: Tf,
  shape: EasControllerShape,
  widenings: number,
  deepenings: number,
): FunctionSpec => ({
  inputs: {
    parameters: floats(sizeOf(shape)),
    ...networks(shape, widenings + deepenings),
    advantage: floats(widenings + deepenings),
    entropyWeight: floats(),
    ...(widenings > 0 && {
      possible: floats(widenings, shape.length),
      taken: floats(widenings, shape.length),
    }),
    ...(deepenings > 0 && {
      placeMask: floats(deepenings, shape.blocks, shape.places),
      choices: integers(deepenings, 3),
      counted: floats(deepenings, 3),
    }),
  },
  body: (_, inputs, trace) => {
    const input = (name: string): Tensor => inputs[name] as Tensor;
    const flat = input('parameters');
    const { gradients } = lossAndGradients(tf, trace, { flat }, () => {
      const weight = namedParameters(tf, easLayout(shape), flat);
      const encoded = encode(tf, shape, weight, input('tokens'), input('mask'));
      /** Rows of the networks that one actor read. */
      const part = (from: number, count: number): Encoded => {
        const rows = (x: Tensor): Tensor => tf.slice(x, [from, 0], [count, x.shape[1] as number]);
        const { hidden, cell } = encoded.last;
        return { outputs: encoded.outputs.map(rows), last: { hidden: rows(hidden), cell: rows(cell) } };
      };
      const advantage = (from: number, count: number): Tensor =>
        tf.slice(input('advantage'), [from], [count]);
      const gains: Tensor[] = [];
      const entropies: Tensor[] = [];
      if (widenings > 0) {
        const logits = widerLogits(tf, shape, weight, part(0, widenings));
        const [yes, no] = [logSigmoid(tf, logits), logSigmoid(tf, tf.neg(logits))];
        const [taken, possible] = [input('taken'), input('possible')];
        const log = tf.add(tf.mul(taken, yes), tf.mul(tf.sub(1, taken), no));
        const p = tf.sigmoid(logits);
        const entropy = tf.neg(tf.add(tf.mul(p, yes), tf.mul(tf.sub(1, p), no)));
        const count = tf.maximum(tf.sum(possible, 1), 1);
        gains.push(tf.sum(tf.mul(advantage(0, widenings), tf.sum(tf.mul(log, possible), 1))));
        entropies.push(tf.sum(tf.div(tf.sum(tf.mul(entropy, possible), 1), count)));
      }
      if (deepenings > 0) {
        const column = (matrix: Tensor, at: number): Tensor =>
          tf.reshape(tf.slice(matrix, [0, at], [deepenings, 1]), [deepenings]);
        const choice = (at: number): Tensor => column(input('choices'), at);
        const logs = deeperLogs(tf, shape, weight, part(widenings, deepenings), input('placeMask'), (at) =>
          choice(at),
        );
        const made = logs.map((log, at) => {
          const hot = oneHot(tf, choice(at), log.shape[1] as number);
          return tf.mul(tf.sum(tf.mul(hot, log), 1), column(input('counted'), at));
        });
        gains.push(tf.sum(tf.mul(advantage(widenings, deepenings), tf.addN(made))));
        entropies.push(tf.div(tf.sum(tf.addN(logs.map((log) => entropyOf(tf, log)))), logs.length));
      }
      const entropy = tf.div(tf.addN(entropies), widenings + deepenings);
      return { loss: tf.add(tf.addN(gains), tf.mul(input('entropyWeight'), entropy)), extra: {} };
    });
    return { outputs: { gradient: gradients.flat as Tensor } };
  },
});

const host = (shape: readonly number[], values: readonly number[]): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});
const hostIntegers = (shape: readonly number[], values: readonly number[]): HostTensor => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(values),
});

/** Values behind which zeros fill up to the length. */
const padded = (values: readonly number[], length: number): readonly number[] =>
  Array.from({ length }, (_, i) => values[i] ?? 0);

/**
 * The controller as compiled TensorFlow graphs, kept for the life of the process. Deviations from the
 * authors' code (han-cai/EAS b20c48a, `code/meta_controller/`, `rl_controller.py:106–239`): none in what is
 * computed; places that do not exist are left out of the softmax rather than of its result.
 */
export const createEasController = (tf: Tf): EasController => {
  const graphs = new Map<string, CompiledGraph>();
  const call = (
    key: readonly unknown[],
    spec: () => FunctionSpec,
    inputs: Readonly<Record<string, HostTensor>>,
  ): Record<string, HostTensor> => {
    const name = JSON.stringify(key);
    const graph = graphs.get(name) ?? compileGraphSync(tf, { variables: {}, functions: { run: spec() } });
    graphs.set(name, graph);
    return graph.call('run', inputs);
  };
  const read = ({ length }: EasControllerShape, networks: readonly (readonly number[])[]) => ({
    tokens: hostIntegers(
      [networks.length, length],
      networks.flatMap((tokens) => padded(tokens, length)),
    ),
    mask: host(
      [networks.length, length],
      networks.flatMap((tokens) =>
        padded(
          tokens.map(() => 1),
          length,
        ),
      ),
    ),
  });
  const vector = (parameters: Float32Array): HostTensor => ({
    dtype: 'float32',
    shape: [parameters.length],
    data: parameters,
  });
  const masks = (shape: EasControllerShape, places: readonly number[]): readonly number[] =>
    places.flatMap((count) => Array.from({ length: shape.places }, (_, at) => (at < count ? 1 : 0)));
  const ofKind = <Kind extends EasAction['kind']>(actions: readonly EasAction[], kind: Kind) =>
    actions.filter((action): action is Extract<EasAction, { kind: Kind }> => action.kind === kind);
  return {
    widening: (shape, parameters, tokens) => {
      const { probabilities } = call(['widening', shape], () => widening(tf, shape), {
        parameters: vector(parameters),
        ...read(shape, [tokens]),
      });
      return [...(probabilities as HostTensor).data.subarray(0, tokens.length)];
    },
    deepening: (shape, parameters, tokens, places, uniforms) => {
      const { choices } = call(['deepening', shape], () => deepening(tf, shape), {
        parameters: vector(parameters),
        ...read(shape, [tokens]),
        placeMask: host([1, shape.blocks, shape.places], masks(shape, places)),
        uniforms: host([1, 3], uniforms),
      });
      return [...(choices as HostTensor).data] as [number, number, number];
    },
    gradient: (shape, parameters, steps, entropyWeight) => {
      const ordered = [
        ...steps.filter(({ action }) => action.kind === 'widen'),
        ...steps.filter(({ action }) => action.kind === 'deepen'),
      ];
      const actions = ordered.map(({ action }) => action);
      const [widenings, deepenings] = [ofKind(actions, 'widen'), ofKind(actions, 'deepen')];
      const flags = (list: readonly boolean[]): readonly number[] => padded(list.map(Number), shape.length);
      const { gradient: found } = call(
        ['gradient', shape, widenings.length, deepenings.length],
        () => gradient(tf, shape, widenings.length, deepenings.length),
        {
          parameters: vector(parameters),
          ...read(
            shape,
            actions.map(({ tokens }) => tokens),
          ),
          advantage: host(
            [ordered.length],
            ordered.map(({ advantage }) => advantage),
          ),
          entropyWeight: host([], [entropyWeight]),
          ...(widenings.length > 0 && {
            possible: host(
              [widenings.length, shape.length],
              widenings.flatMap(({ possible }) => flags(possible)),
            ),
            taken: host(
              [widenings.length, shape.length],
              widenings.flatMap(({ taken }) => flags(taken)),
            ),
          }),
          ...(deepenings.length > 0 && {
            placeMask: host(
              [deepenings.length, shape.blocks, shape.places],
              deepenings.flatMap(({ places }) => masks(shape, places)),
            ),
            choices: hostIntegers(
              [deepenings.length, 3],
              deepenings.flatMap(({ choices }) => choices),
            ),
            counted: host(
              [deepenings.length, 3],
              deepenings.flatMap(({ choosesKernel }) => [1, 1, Number(choosesKernel)]),
            ),
          }),
        },
      );
      return (found as HostTensor).data as Float32Array;
    },
  };
};
