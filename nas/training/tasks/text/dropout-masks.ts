import type { TextRecipe } from '../../../task/text/recipe.ts';
import type { Tensor, Tf } from '../../graph/tensor.ts';
import type { Trace } from '../../graph/trace.ts';
import type { DropoutPlace, Masks } from '../../networks/recurrent/recurrent-network.ts';

/** The share of the recipe that falls on each place; layers are dropped between as hidden states are. */
const SHARES = {
  embedding: 'embedding',
  input: 'input',
  cell: 'cell',
  hidden: 'hidden',
  layers: 'hidden',
  output: 'output',
  recurrent: 'recurrent',
} as const satisfies Record<DropoutPlace, keyof TextRecipe['dropouts']>;

export const noMasks: Masks = () => undefined;

/**
 * The masks of one pass in training, drawn in the order in which a network asks for them: 1 / (1 − p) with
 * probability 1 − p, else 0. A draw moves the first half of the seed, a step the second.
 */
export const dropoutMasks = (tf: Tf, trace: Trace, dropouts: TextRecipe['dropouts'], seed: Tensor): Masks => {
  let draw = 0;
  return (place, shape) => {
    const share = dropouts[SHARES[place]];
    if (share === 0) return undefined;
    const uniform = trace.uniform(shape, tf.add(seed, tf.tensor1d([draw++, 0], 'int32')));
    return tf.mul(tf.floor(tf.add(uniform, 1 - share)), 1 / (1 - share));
  };
};
