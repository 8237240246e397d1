import { execute, type Tensor, type Tf } from './tensor.ts';

/**
 * Uniform float32 numbers in [0, 1), a pure function of `seed` (int32 [2]): the same seed gives the same
 * numbers in any process (Salmon et al. 2011, Philox).
 */
export const uniform = (tf: Tf, shape: readonly number[], seed: Tensor): Tensor => {
  if (seed.dtype !== 'int32' || seed.shape.join() !== '2')
    throw new TypeError(`seed ${seed.dtype}[${seed.shape.join()}]: allowed: int32[2]`);
  return execute(
    tf,
    'StatelessRandomUniform',
    { dtype: { type: 'float32' }, T: { type: 'int32' }, Tseed: { type: 'int32' } },
    [tf.tensor1d([...shape], 'int32'), seed],
  )[0] as Tensor;
};
