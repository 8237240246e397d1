import { execute, type Tensor, type Tf } from '../graph/tensor.ts';

/** a · b of two matrices, either transposed; one native operation without a gradient. */
export const matrixProduct = (
  tf: Tf,
  a: Tensor,
  b: Tensor,
  transposed: { readonly a?: boolean; readonly b?: boolean } = {},
): Tensor =>
  execute(
    tf,
    'MatMul',
    {
      T: { type: 'float32' },
      transpose_a: { bool: transposed.a ?? false },
      transpose_b: { bool: transposed.b ?? false },
    },
    [a, b],
  )[0] as Tensor;

/** x [T, B, n] as [T · B, n], whatever T is when the graph runs. */
export const flatRows = (tf: Tf, x: Tensor): Tensor =>
  execute(tf, 'Reshape', { T: { type: x.dtype as 'float32' | 'int32' }, Tshape: { type: 'int32' } }, [
    x,
    tf.tensor1d([-1, ...x.shape.slice(2)], 'int32'),
  ])[0] as Tensor;

/** Rows [T · B, n] as [T, B, n]. */
export const unflatRows = (tf: Tf, x: Tensor, batch: number): Tensor =>
  execute(tf, 'Reshape', { T: { type: 'float32' }, Tshape: { type: 'int32' } }, [
    x,
    tf.tensor1d([-1, batch, x.shape[1] as number], 'int32'),
  ])[0] as Tensor;
