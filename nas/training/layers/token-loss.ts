import { customOperation } from '../graph/custom-operation.ts';
import { execute, type Tensor, type Tf } from '../graph/tensor.ts';
import type { Trace } from '../graph/trace.ts';
import { flatRows, matrixProduct, unflatRows } from './matrix-product.ts';

interface TokenLossInputs {
  /** [T, B, H]. */
  readonly x: Tensor;
  /** [V, H]: a row a word. */
  readonly table: Tensor;
  /** [V]. */
  readonly bias?: Tensor;
  /** int32 [T, B]. */
  readonly targets: Tensor;
  /** Rows of x and targets that count, an int32 scalar. */
  readonly length: Tensor;
}

/**
 * Sum over the first `length` rows of −ln of the softmax of x · tableᵀ + bias at the targets, in nats. Loss
 * and gradient of the logits are one native operation, and nothing of the size [T · B, V] is made but the
 * logits and it.
 */
export const tokenLoss = (
  tf: Tf,
  trace: Trace,
  { x, table, bias, targets, length }: TokenLossInputs,
): Tensor => {
  const [most, batch] = x.shape as [number, number, number];
  const given = bias === undefined ? [x, table] : [x, table, bias];
  /** The inputs without a gradient stand behind the others. */
  const split = (all: readonly Tensor[]) => {
    const [values, weights, offset] = all.slice(0, given.length) as [Tensor, Tensor, Tensor?];
    const [words, count] = all.slice(given.length) as [Tensor, Tensor];
    const rowsOf = (tensor: Tensor): Tensor => flatRows(tf, trace.head(tensor, count));
    return { rows: rowsOf(values), weights, offset, words, count, rowsOf };
  };
  let dLogits: Tensor | undefined;
  const forward = (all: readonly Tensor[]): Tensor[] => {
    const { rows, weights, offset, words, rowsOf } = split(all);
    const product = matrixProduct(tf, rows, weights, { b: true });
    const logits = offset === undefined ? product : tf.add(product, offset);
    const [losses, gradient] = execute(
      tf,
      'SparseSoftmaxCrossEntropyWithLogits',
      { T: { type: 'float32' }, Tlabels: { type: 'int32' } },
      [logits, rowsOf(words)],
      2,
    );
    dLogits = trace.keep(gradient as Tensor);
    return [tf.sum(losses as Tensor)];
  };
  const backward = ([dy]: readonly Tensor[], all: readonly Tensor[]): (() => Tensor)[] => {
    const gradient = dLogits as Tensor;
    const { rows, weights, count } = split(all);
    const scaled = (tensor: Tensor): Tensor => tf.mul(tensor, dy as Tensor);
    const dRows = (): Tensor => unflatRows(tf, matrixProduct(tf, gradient, weights), batch);
    return [
      () => scaled(trace.padded(dRows(), count, most)),
      () => scaled(matrixProduct(tf, gradient, rows, { a: true })),
      ...(bias === undefined ? [] : [() => scaled(tf.sum(gradient, 0))]),
    ];
  };
  return customOperation(tf, [...given, targets, length], { forward, backward })[0] as Tensor;
};
