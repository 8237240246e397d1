import type { HostTensor } from '../program.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import { slotOf, withDecay, zeroSlot, type Optimizer } from './optimizer.ts';

/** Whether steps are averaged: 0 or 1. */
export const AVERAGING = 'averaging';
/** Averaged steps so far, and the learning rate that the last of them was given. */
const AVERAGED = 'averaged';
const RATE = 'rate';
const average = (name: string): string => `${name}/average`;

const scalar = (value: number): HostTensor => ({
  dtype: 'float32',
  shape: [],
  data: Float32Array.of(value),
});

/** Zero where `condition`, a scalar of 0 or 1, is 0; exact for finite values. */
const choose = (tf: Tf, condition: Tensor, then: Tensor, otherwise: Tensor): Tensor =>
  tf.where(tf.cast(condition, 'bool'), then, otherwise);

/**
 * The learning rate that a step moves the weights by. PyTorch's averaged SGD stores the rate at the end of a
 * step: each averaged step but the first is done by the rate of the step before.
 */
export const usedRate = (tf: Tf, slots: Tensors, learningRate: Tensor): Tensor => {
  const isLater = tf.mul(slotOf(slots, AVERAGING), tf.minimum(slotOf(slots, AVERAGED), 1));
  return choose(tf, isLater, slotOf(slots, RATE), learningRate);
};

/**
 * Stochastic gradient descent that averages the weights from a step on (Polyak & Juditsky 1992), as PyTorch's
 * ASGD does with t0 = 0 and λ = 0, which the recipes of language models switch to (NT-ASGD: Merity et al.
 * 2018, §3). Before that it is plain descent. The average is a copy of the weights after the first two steps,
 * and then the mean of those after steps 2, 3, …
 *
 * Averaging begins when `triggersAveraging` says so of the validation losses; that it has begun is a slot, and
 * so a part of every checkpoint.
 */
export const asgd = ({
  weightDecay,
  patience,
}: {
  readonly weightDecay: number;
  readonly patience: number;
}): Optimizer => ({
  turned: (losses) => (triggersAveraging(losses, patience) ? { [AVERAGING]: scalar(1) } : undefined),
  slots: (params) => ({
    [AVERAGING]: scalar(0),
    [AVERAGED]: scalar(0),
    [RATE]: scalar(0),
    ...Object.fromEntries(
      Object.entries(params).map(([name, { shape }]) => [average(name), zeroSlot(shape)]),
    ),
  }),
  update: (tf, { params, gradients, slots, learningRate }) => {
    const isAveraging = slotOf(slots, AVERAGING);
    const before = slotOf(slots, AVERAGED);
    const rate = usedRate(tf, slots, learningRate);
    // After step k the share of the newest weights is 1 / max(1, k − 1).
    const share = tf.mul(isAveraging, tf.div(1, tf.maximum(before, 1)));
    const newParams: Record<string, Tensor> = {};
    const newSlots: Record<string, Tensor> = {
      [AVERAGING]: isAveraging,
      [AVERAGED]: tf.add(before, isAveraging),
      [RATE]: learningRate,
    };
    for (const [name, param] of Object.entries(params)) {
      const gradient = withDecay(tf, gradients[name] as Tensor, param, weightDecay);
      const moved = tf.sub(param, tf.mul(gradient, rate));
      const mean = slotOf(slots, average(name));
      newParams[name] = moved;
      newSlots[average(name)] = tf.add(mean, tf.mul(tf.sub(moved, mean), share));
    }
    return { params: newParams, slots: newSlots };
  },
  evaluated: (tf, params, slots) =>
    Object.fromEntries(
      Object.entries(params).map(([name, param]) => [
        name,
        choose(tf, tf.minimum(slotOf(slots, AVERAGED), 1), slotOf(slots, average(name)), param),
      ]),
    ),
});

/**
 * Whether averaging begins after an epoch, by the validation losses of the epochs so far, its own the last: it
 * does when that one is worse than the best of those more than `patience` epochs old. The history is the
 * losses before this epoch (quark0/darts at f276dd34, rnn/train.py:302-305).
 */
export const triggersAveraging = (losses: readonly number[], patience: number): boolean => {
  const history = losses.slice(0, -1);
  const newest = losses.at(-1);
  if (newest === undefined || history.length <= patience) return false;
  return newest > Math.min(...history.slice(0, history.length - patience));
};
