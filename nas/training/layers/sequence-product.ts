import { customOperation } from '../graph/custom-operation.ts';
import type { Tensor, Tf } from '../graph/tensor.ts';
import type { Trace } from '../graph/trace.ts';
import { flatRows, matrixProduct, unflatRows } from './matrix-product.ts';

/**
 * x [T, B, in] times a weight [in, out] at the first `length` steps, as one product: [T, B, out], zero behind
 * them.
 */
export const sequenceProduct = (tf: Tf, trace: Trace, x: Tensor, weight: Tensor, length: Tensor): Tensor => {
  const [most, batch] = x.shape as [number, number, number];
  const rowsOf = (tensor: Tensor, count: Tensor): Tensor => flatRows(tf, trace.head(tensor, count));
  const whole = (rows: Tensor, count: Tensor): Tensor =>
    trace.padded(unflatRows(tf, rows, batch), count, most);
  return customOperation(tf, [x, weight, length], {
    forward: ([values, w, count]) => [
      whole(matrixProduct(tf, rowsOf(values as Tensor, count as Tensor), w as Tensor), count as Tensor),
    ],
    backward: ([dy], [values, w, count]) => {
      const dRows = rowsOf(dy as Tensor, count as Tensor);
      return [
        () => whole(matrixProduct(tf, dRows, w as Tensor, { b: true }), count as Tensor),
        () => matrixProduct(tf, rowsOf(values as Tensor, count as Tensor), dRows, { a: true }),
      ];
    },
  })[0] as Tensor;
};
