import { randomFromSeed } from '../../core/random.ts';
import type { HostTensor } from '../program.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import type { Trace } from '../graph/trace.ts';
import { oneHot } from './one-hot.ts';

/**
 * Makes decisions `at` to `at + n − 1` of a sequence from their logits [M, n, options]; the choices, int32
 * [M, n]. Every decision is made once, in any order.
 */
export type Choose = (logits: Tensor, at: number) => Tensor;

/** A recurrent policy over sequences of categorical decisions; M sequences at once. */
export interface Controller {
  /** Decisions of one sequence. */
  readonly decisions: number;
  /** Shapes of the parameters by name. */
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  /** Initial values of parameters that do not begin uniform. */
  readonly initial?: Readonly<Record<string, readonly number[]>>;
  /**
   * Whose p ln(1/p) is an architecture's entropy: those of all values of each decision, or of the values that
   * were chosen alone.
   */
  readonly entropyOf: 'distributions' | 'choices';
  /** Goes through the decisions; `penalty` [M], where there is one, is to be made small. */
  run(tf: Tf, vars: Tensors, sequences: number, choose: Choose): { readonly penalty?: Tensor };
}

/**
 * Uniform in ±0.1 (Pham et al. 2018, §3.1), each parameter from the seed and its name, unless the controller
 * states its values.
 */
export const initialParameters = (
  { parameters, initial = {} }: Controller,
  seedOf: (name: string) => number,
): Record<string, HostTensor> =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, shape]) => {
      const random = randomFromSeed(seedOf(name));
      const size = shape.reduce((product, n) => product * n, 1);
      const data = Float32Array.from(
        initial[name] ?? Array.from({ length: size }, () => 0.2 * random.uniform() - 0.1),
      );
      return [name, { dtype: 'float32', shape, data }];
    }),
  );

/**
 * Sharpness of the distributions: logits become constant · tanh(logits / temperature) (Bello et al. 2017).
 */
export const squash = (tf: Tf, logits: Tensor, temperature: number, constant: number): Tensor =>
  tf.mul(tf.tanh(tf.div(logits, temperature)), constant);

/** Keeps log 0 away; far below the resolution of the uniform numbers. */
const TINY = 1e-20;

/** Samples by the Gumbel-max trick; a pure function of `seed`, int32 [2]. */
export const sampling =
  (tf: Tf, trace: Trace, seed: Tensor): Choose =>
  (logits, at) => {
    const uniform = trace.uniform(logits.shape, tf.add(seed, tf.tensor1d([0, at], 'int32')));
    const gumbel = tf.neg(tf.log(tf.neg(tf.log(tf.add(uniform, TINY)))));
    return tf.argMax(tf.add(logits, gumbel), 2);
  };

/** Repeats given choices, int32 [M, decisions]. */
export const repeating =
  (tf: Tf, choices: Tensor): Choose =>
  (logits, at) =>
    tf.slice(choices, [0, at], [logits.shape[0] as number, logits.shape[1] as number]);

/** What a pass through the decisions amounts to; sums over the decisions of each sequence. */
export interface Episode {
  /** int32 [M, decisions]. */
  readonly choices: Tensor;
  /** [M], nats. */
  readonly logProbability: Tensor;
  /** [M], nats; see `Controller.entropyOf`. */
  readonly entropy: Tensor;
  readonly penalty?: Tensor;
}

export const runEpisode = (
  tf: Tf,
  controller: Controller,
  vars: Tensors,
  sequences: number,
  choose: Choose,
): Episode => {
  const choices: { readonly at: number; readonly chosen: Tensor }[] = [];
  const logProbabilities: Tensor[] = [];
  const entropies: Tensor[] = [];
  const { penalty } = controller.run(tf, vars, sequences, (logits, at) => {
    const chosen = choose(logits, at);
    const logs = tf.logSoftmax(logits);
    const picked = oneHot(tf, chosen, logits.shape[2] as number);
    choices.push({ at, chosen });
    logProbabilities.push(tf.sum(tf.mul(picked, logs), [1, 2]));
    const terms = tf.mul(tf.exp(logs), logs);
    const counted = controller.entropyOf === 'choices' ? tf.mul(picked, terms) : terms;
    entropies.push(tf.neg(tf.sum(counted, [1, 2])));
    return chosen;
  });
  return {
    choices: tf.concat(
      choices.sort((a, b) => a.at - b.at).map(({ chosen }) => chosen),
      1,
    ),
    logProbability: tf.addN(logProbabilities),
    entropy: tf.addN(entropies),
    ...(penalty !== undefined && { penalty }),
  };
};

/** Logits [M, options] of one decision as those of a row of one; tfjs' own ExpandDims cannot be compiled. */
export const single = (tf: Tf, logits: Tensor): Tensor =>
  tf.reshape(logits, [logits.shape[0] as number, 1, logits.shape[1] as number]);

/** Rows of `table` [options, H] for choices int32 [M], as a product, so that the gradient is one too. */
export const embed = (tf: Tf, table: Tensor, choices: Tensor): Tensor =>
  tf.matMul(oneHot(tf, choices, table.shape[0] as number) as never, table as never);
