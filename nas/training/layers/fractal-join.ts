import type { Tensor, Tf } from '../graph/tensor.ts';

/** How a join merges the columns that meet in it. */
type JoinKind = 'mean' | 'concat';

/** The inputs of a join: input i ends column `columns[i]` of `total`; column 0 is the longest. */
export interface JoinOptions {
  readonly kind: JoinKind;
  readonly columns: readonly number[];
  readonly total: number;
}

/** Uniform numbers in [0, 1); equal `draw` in one step means equal numbers. */
export type Draw = (shape: readonly number[], draw: number) => Tensor;

/** Draws that all joins of a step share; the other draws are counted up from 0. */
const SHARED = { coin: -1, column: -2 } as const;

/**
 * Which of a join's n inputs are active in this step, 0 or 1, float32 [n] (Larsson et al. 2017, §3). One
 * subnetwork is drawn for the whole minibatch: with probability ½ a global one, a single column through the
 * whole network; else a local one, where each join drops each input with probability `dropRate` (a scalar),
 * and where none is left keeps one. A join off the chosen column keeps all its inputs: nothing reads it.
 */
export const activeInputs = (
  tf: Tf,
  { columns, total }: JoinOptions,
  dropRate: Tensor,
  draw: Draw,
  nextDraw: () => number,
): Tensor => {
  const n = columns.length;
  const oneOf = (uniform: Tensor, count: number): Tensor =>
    tf.oneHot(tf.cast(tf.floor(tf.mul(uniform, count)), 'int32') as never, count, 1, 0, 'float32');
  const chosen = tf.reshape(oneOf(draw([1], SHARED.column), total), [total]);
  const onColumn = tf.stack(columns.map((column) => tf.reshape(tf.slice(chosen, [column], [1]), [])));
  const known = tf.max(onColumn);
  const global = tf.add(onColumn, tf.sub(1, known));
  const kept = tf.floor(tf.add(draw([n], nextDraw()), tf.sub(1, dropRate)));
  const spare = tf.reshape(oneOf(draw([1], nextDraw()), n), [n]);
  const local = tf.add(kept, tf.mul(spare, tf.sub(1, tf.max(kept))));
  const coin = tf.floor(tf.mul(draw([1], SHARED.coin), 2));
  return tf.add(tf.mul(global, coin), tf.mul(local, tf.sub(1, coin)));
};

/**
 * Joins xs [B, H, W, C]: their mean, or their concatenation along channels, over the inputs that `active` [n]
 * keeps.
 */
export const joinActive = (tf: Tf, xs: readonly Tensor[], kind: JoinKind, active?: Tensor): Tensor => {
  const weights = active && tf.unstack(active);
  const kept = weights ? xs.map((x, i) => tf.mul(x, weights[i] as Tensor)) : [...xs];
  if (kind === 'concat') return tf.concat(kept, 3);
  return tf.div(tf.addN(kept), active ? tf.sum(active) : xs.length);
};
