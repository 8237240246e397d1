import type { Tensor, Tf } from '../graph/tensor.ts';

/**
 * Choices int32 [...] as float32 [..., options]; tfjs' own wants two options at least, of a single one every
 * choice is it.
 */
export const oneHot = (tf: Tf, choices: Tensor, options: number): Tensor =>
  options === 1 ? tf.ones([...choices.shape, 1]) : tf.oneHot(choices as never, options, 1, 0, 'float32');
