import type { HostTensor } from '../program.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import { MEASURES } from '../tasks/images/edge-costs.ts';

/**
 * Cells of each kind in the authors' search network of eight cells, by which they divide whatever the network
 * is.
 */
const PUBLISHED_CELLS: Readonly<Record<string, number>> = { normal: 6, reduce: 2 };

/**
 * SNAS' resource term of sampled edges [edges, operations] by kind of cell, with `edgeCosts`: of every cell
 * and edge, the mean of ln max(1, ·) over expected size, multiply-adds and memory accesses; summed over the
 * edges, and over the cells divided by 6 (normal) and 2 (reduction). As the authors' code has it with
 * `--log_penalty --method reparametrization` (SNAS-Series/SNAS-Series 9a43adb, SNAS/model_search.py:448–474,
 * train_search.py:427); `ratio` is its flag of that name, 1 unless given. Spaces without those two kinds of
 * cell, which the authors do not have, divide by their number of cells.
 */
export const logResource = (
  tf: Tf,
  costs: Readonly<Record<string, HostTensor>>,
  samples: Tensors,
  ratio = 1,
): Tensor =>
  tf.addN(
    Object.entries(samples).map(([kind, sample]) => {
      const { data, shape } = costs[kind] as HostTensor;
      const [cells] = shape as [number];
      if (cells === 0) return tf.scalar(0);
      // [cells, measures, edges]
      const expected = tf.sum(tf.mul(tf.tensor(data as Float32Array, [...shape]), sample), 3);
      const logarithms = tf.log(tf.maximum(expected, 1));
      const weight = (kind === 'reduce' ? ratio : 1) / (PUBLISHED_CELLS[kind] ?? cells);
      return tf.mul(tf.sum(logarithms), weight / MEASURES.length);
    }),
  );
