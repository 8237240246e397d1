import { controllerLayout, controllerSize } from '../../search/trials/controller-math.ts';
import type { ControllerMath, ControllerShape } from '../../search/trials/controller-math.ts';
import { compileGraphSync } from '../graph/compile.ts';
import type { CompiledGraph, FunctionSpec } from '../graph/compile.ts';
import { lossAndGradients } from '../graph/gradients.ts';
import type { HostTensor } from '../program.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import { logSigmoid } from './log-sigmoid.ts';
import { lstmStep, zeroLstmState } from './lstm-cell.ts';
import { namedParameters, type NamedParameters } from './named-parameters.ts';
import { oneHot } from './one-hot.ts';

/** Sum over the choices, each [batch]. */
interface Walk {
  readonly choices: readonly Tensor[];
  readonly logProbability: Tensor;
  readonly entropy: Tensor;
}

/**
 * Runs the controller over its steps for a batch. `choose(c, probabilities)` gives the c-th choice as int32
 * [batch]: a draw, or the choice that was made. Probabilities are [batch, options].
 */
const walk = (
  tf: Tf,
  shape: ControllerShape,
  weight: NamedParameters,
  batch: number,
  choose: (choice: number, probabilities: Tensor) => Tensor,
): Walk => {
  const tiled = (row: Tensor): Tensor => tf.tile(row as never, [batch, 1]);
  let states = Array.from({ length: shape.layers }, () => zeroLstmState(tf, batch, shape.hidden));
  let input = tiled(weight('start'));
  const anchors: Tensor[] = [];
  const choices: Tensor[] = [];
  const logs: Tensor[] = [];
  const entropies: Tensor[] = [];
  const take = (logProbabilities: Tensor): Tensor => {
    const probabilities = tf.exp(logProbabilities);
    const choice = choose(choices.length, probabilities);
    const chosen = oneHot(tf, choice, logProbabilities.shape[1] as number);
    choices.push(choice);
    logs.push(tf.sum(tf.mul(chosen, logProbabilities), 1));
    entropies.push(tf.neg(tf.sum(tf.mul(probabilities, logProbabilities), 1)));
    return chosen;
  };
  /**
   * One bit an anchor, all at once: they depend on the same state alone. `previous` is [bits · batch,
   * hidden].
   */
  const takeBits = (above: Tensor, previous: Tensor, bits: number): void => {
    const current = tf.tile(tf.matMul(above as never, weight('anchor/current') as never), [bits, 1]);
    const query = tf.matMul(tf.tanh(tf.add(previous, current)) as never, weight('anchor/query') as never);
    const logits = tf.reshape(query, [bits, batch]);
    const [no, yes] = [logSigmoid(tf, tf.neg(logits)), logSigmoid(tf, logits)];
    const row = (matrix: Tensor, bit: number): Tensor =>
      tf.reshape(tf.slice(matrix, [bit, 0], [1, batch]), [batch]);
    const probability = tf.exp(yes);
    const made = Array.from({ length: bits }, (_, bit) =>
      choose(choices.length + bit, tf.stack([tf.sub(1, row(probability, bit)), row(probability, bit)], 1)),
    );
    choices.push(...made);
    const taken = tf.cast(tf.stack(made as never), 'float32');
    const log = tf.add(tf.mul(taken, yes), tf.mul(tf.sub(1, taken), no));
    const entropy = tf.neg(tf.add(tf.mul(probability, yes), tf.mul(tf.sub(1, probability), no)));
    logs.push(tf.sum(log, 0));
    entropies.push(tf.sum(entropy, 0));
  };
  for (const step of shape.steps) {
    let above = input;
    states = states.map((state, layer) => {
      const next = lstmStep(tf, above, state, weight(`lstm ${layer}/weights`), weight(`lstm ${layer}/bias`));
      above = next.hidden;
      return next;
    });
    if (step.kind === 'choice') {
      const logits = tf.add(
        tf.matMul(above as never, weight(`${step.table}/softmax`) as never),
        weight(`${step.table}/bias`),
      );
      const chosen = take(tf.logSoftmax(logits as never));
      input = tf.matMul(chosen as never, weight(`${step.table}/embedding`) as never);
      continue;
    }
    if (step.bits > 0) takeBits(above, tf.concat(anchors.slice(0, step.bits), 0), step.bits);
    anchors.push(tf.matMul(above as never, weight('anchor/previous') as never));
    input = tiled(weight('anchor/input'));
  }
  return { choices, logProbability: tf.addN(logs as never), entropy: tf.addN(entropies as never) };
};

/** One column of [batch, n] as [batch]. */
const column = (tf: Tf, matrix: Tensor, at: number): Tensor =>
  tf.reshape(tf.slice(matrix, [0, at], [matrix.shape[0] as number, 1]), [matrix.shape[0] as number]);

const functionsOf = (tf: Tf, shape: ControllerShape, batch: number) => {
  const count = choicesOf(shape);
  const parameters = { shape: [controllerSize(shape)], dtype: 'float32' } as const;
  const made = { shape: [batch, count], dtype: 'int32' } as const;
  const each = { shape: [batch], dtype: 'float32' } as const;
  const scalar = { shape: [], dtype: 'float32' } as const;
  /** The walk along given choices. */
  const along = (flat: Tensor, choices: Tensor): Walk =>
    walk(tf, shape, namedParameters(tf, controllerLayout(shape), flat), batch, (c) => column(tf, choices, c));
  const gradient =
    (surrogate: (logProbability: Tensor, inputs: Tensors) => Tensor): FunctionSpec['body'] =>
    (_, inputs, trace) => {
      const flat = inputs.parameters as Tensor;
      const { gradients } = lossAndGradients(tf, trace, { flat }, () => {
        const { logProbability, entropy } = along(flat, inputs.choices as Tensor);
        const gain = tf.add(
          surrogate(logProbability, inputs),
          tf.mul(inputs.entropyWeight as Tensor, entropy),
        );
        return { loss: tf.mean(gain), extra: {} };
      });
      return { outputs: { gradient: gradients.flat as Tensor } };
    };
  return {
    sample: {
      inputs: { parameters, uniforms: { shape: [batch, count], dtype: 'float32' } },
      body: (_, { parameters: flat, uniforms }) => {
        const weight = namedParameters(tf, controllerLayout(shape), flat as Tensor);
        const { choices, logProbability } = walk(tf, shape, weight, batch, (c, probabilities) => {
          const last = (probabilities.shape[1] as number) - 1;
          const draw = tf.slice(uniforms as Tensor, [0, c], [batch, 1]);
          // The number of options whose cumulative probability the draw has passed; rounding may leave the
          // last one short.
          const passed = tf.sum(tf.cast(tf.lessEqual(tf.cumsum(probabilities, 1), draw), 'int32'), 1);
          return tf.minimum(passed, tf.scalar(last, 'int32'));
        });
        return { outputs: { choices: tf.stack(choices as never, 1), logProbability } };
      },
    },
    logProbability: {
      inputs: { parameters, choices: made },
      body: (_, inputs) => {
        const { logProbability } = along(inputs.parameters as Tensor, inputs.choices as Tensor);
        return { outputs: { logProbability } };
      },
    },
    reinforce: {
      inputs: { parameters, choices: made, advantage: each, entropyWeight: scalar },
      body: gradient((logProbability, inputs) => tf.mul(inputs.advantage as Tensor, logProbability)),
    },
    ppo: {
      inputs: {
        parameters,
        choices: made,
        advantage: each,
        old: each,
        clip: scalar,
        entropyWeight: scalar,
      },
      body: gradient((logProbability, inputs) => {
        const ratio = tf.exp(tf.sub(logProbability, inputs.old as Tensor));
        const clip = inputs.clip as Tensor;
        const clipped = tf.minimum(tf.maximum(ratio, tf.sub(1, clip)), tf.add(1, clip));
        const advantage = inputs.advantage as Tensor;
        return tf.minimum(tf.mul(ratio, advantage), tf.mul(clipped, advantage));
      }),
    },
  } as const satisfies Record<string, FunctionSpec>;
};

const choicesOf = ({ steps }: ControllerShape): number =>
  steps.reduce((sum, step) => sum + (step.kind === 'choice' ? 1 : step.bits), 0);

const floats = (shape: readonly number[], values: ArrayLike<number>): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});
const scalar = (value: number): HostTensor => floats([], [value]);

/**
 * Controllers as compiled TensorFlow graphs, their gradients by TensorFlow. A graph is compiled at the first
 * use of a function with a shape and batch, and kept for the life of the process.
 */
export const createControllerMath = (tf: Tf): ControllerMath => {
  const graphs = new Map<string, CompiledGraph>();
  const call = (
    fn: keyof ReturnType<typeof functionsOf>,
    shape: ControllerShape,
    batch: number,
    inputs: Readonly<Record<string, HostTensor>>,
  ): Record<string, HostTensor> => {
    const key = JSON.stringify([fn, shape, batch]);
    const graph =
      graphs.get(key) ??
      compileGraphSync(tf, { variables: {}, functions: { [fn]: functionsOf(tf, shape, batch)[fn] } });
    graphs.set(key, graph);
    return graph.call(fn, inputs);
  };
  const vector = (parameters: Float32Array): HostTensor => ({
    dtype: 'float32',
    shape: [parameters.length],
    data: parameters,
  });
  const made = (lists: readonly (readonly number[])[]): HostTensor => ({
    dtype: 'int32',
    shape: [lists.length, lists[0]?.length ?? 0],
    data: Int32Array.from(lists.flat()),
  });
  return {
    sample: (shape, parameters, uniforms) => {
      const { choices, logProbability } = call('sample', shape, 1, {
        parameters: vector(parameters),
        uniforms: floats([1, uniforms.length], uniforms),
      }) as { choices: HostTensor; logProbability: HostTensor };
      return { choices: [...choices.data], logProbability: logProbability.data[0] as number };
    },
    logProbability: (shape, parameters, choices) =>
      call('logProbability', shape, 1, { parameters: vector(parameters), choices: made([choices]) })
        .logProbability?.data[0] as number,
    gradient: (shape, parameters, episodes, { clip, entropyWeight }) => {
      const common = {
        parameters: vector(parameters),
        choices: made(episodes.map(({ choices }) => choices)),
        advantage: floats(
          [episodes.length],
          episodes.map(({ advantage }) => advantage),
        ),
        entropyWeight: scalar(entropyWeight),
      };
      const { gradient } =
        clip === null
          ? call('reinforce', shape, episodes.length, common)
          : call('ppo', shape, episodes.length, {
              ...common,
              clip: scalar(clip),
              old: floats(
                [episodes.length],
                episodes.map(({ logProbability }) => logProbability),
              ),
            });
      return (gradient as HostTensor).data as Float32Array;
    },
  };
};
