import { customOperation } from './custom-operation.ts';
import { uniform } from './random-tensor.ts';
import type { Tensor, Tf } from './tensor.ts';
import type { Trace } from './trace.ts';

/**
 * The meaning of `Trace` without a graph, for checks of compiled functions against eager ones: every branch
 * runs, and the chosen one's value, gradient and state are taken. `release` frees what the step kept.
 */
export const eagerTrace = (tf: Tf): Trace & { readonly release: () => void } => {
  const kept: Tensor[] = [];
  return {
    gate: (index, branches) => {
      const chosen = index.dataSync()[0] as number;
      if (!(chosen >= 0 && chosen < branches)) throw new RangeError(`gate: branch ${chosen} of ${branches}`);
      const pick = (tensors: readonly Tensor[]): Tensor => tf.clone(tensors[chosen] as Tensor);
      return {
        split: (x) =>
          customOperation(tf, [x], {
            forward: ([value]) => Array.from({ length: branches }, () => tf.clone(value as Tensor)),
            backward: (dys) => [() => pick(dys)],
          }),
        parameter: (branch, w) =>
          customOperation(tf, [w], {
            forward: ([value]) => [tf.clone(value as Tensor)],
            backward: ([dw]) => [() => (branch === chosen ? tf.clone(dw as Tensor) : tf.zeros(w.shape))],
          })[0] as Tensor,
        gradient: (branch, dx, x) => (branch === chosen ? tf.clone(dx) : tf.zeros(x.shape)),
        merge: (values) =>
          customOperation(tf, values, {
            forward: (inputs) => [pick(inputs)],
            backward: ([dy]) => values.map(() => () => tf.clone(dy as Tensor)),
          })[0] as Tensor,
        state: (branch, updated, old) => tf.clone(branch === chosen ? updated : old),
      };
    },
    loop: ({ length, reverse = false, carried, body }) => {
      const count = length.dataSync()[0] as number;
      const rows: (readonly Tensor[])[] = [];
      let last = carried;
      for (let i = 0; i < count; i++) {
        const index = reverse ? count - 1 - i : i;
        const result = body(tf.scalar(index, 'int32'), last);
        last = result.carried;
        rows[index] = result.collected;
      }
      return {
        carried: last,
        collected: (rows[0] ?? []).map((_, k) => tf.stack(rows.map((row) => row[k] as Tensor))),
      };
    },
    head: (x, length) => tf.slice(x, 0, length.dataSync()[0] as number),
    padded: (x, _length, most) =>
      tf.pad(
        x as never,
        x.shape.map((size, axis) => [0, axis === 0 ? most - size : 0]),
      ),
    uniform: (shape, seed) => uniform(tf, shape, seed),
    keep: (tensor) => {
      kept.push(tf.keep(tensor));
      return tensor;
    },
    release: () => tf.dispose(kept),
  };
};
