import { customOperation } from '../graph/custom-operation.ts';
import { execute, type Tensor, type Tf } from '../graph/tensor.ts';

/** Entries of a table along its first axis by int32 indices of any shape; no gradient. */
export const gathered = (tf: Tf, table: Tensor, indices: Tensor): Tensor =>
  execute(
    tf,
    'GatherV2',
    {
      batch_dims: { int: 0 },
      Tparams: { type: table.dtype as 'float32' | 'int32' },
      Tindices: { type: 'int32' },
      Taxis: { type: 'int32' },
    },
    [table, indices, tf.scalar(0, 'int32')],
  )[0] as Tensor;

/**
 * Rows of a table [V, E] by indices int32 [T, B], as [T, B, E]. The gradient adds up the rows of equal
 * indices, where tfjs makes one-hot matrices and reads the indices.
 */
export const lookUp = (tf: Tf, table: Tensor, indices: Tensor): Tensor => {
  const [rows, columns] = table.shape as [number, number];
  return customOperation(tf, [table, indices], {
    forward: ([values, at]) => [gathered(tf, values as Tensor, at as Tensor)],
    backward: ([dy], [, at]) => [
      () =>
        execute(
          tf,
          'UnsortedSegmentSum',
          { T: { type: 'float32' }, Tindices: { type: 'int32' }, Tnumsegments: { type: 'int32' } },
          [tf.reshape(dy as Tensor, [-1, columns]), tf.reshape(at as Tensor, [-1]), tf.scalar(rows, 'int32')],
        )[0] as Tensor,
    ],
  })[0] as Tensor;
};
