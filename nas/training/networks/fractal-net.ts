import type { FractalNetGenotype } from '../../space/fractal-net.ts';
import type { Layers } from '../layers/layers.ts';
import { classify, convBlock, halve } from './conv-block.ts';
import type { BuildNetwork } from './network.ts';
import { scaledWidth } from './width.ts';

/** Filters double after each block up to this multiple of the first. */
const WIDEST = 8;

/**
 * One block of C columns, row by row: the longest column, 0, convolves in each of 2^(C − 1) rows, column k in
 * every 2^k-th. Columns that end in the same row meet in one join, whose value all of them carry on: joins
 * that follow each other directly are one join (§2 and figure 1).
 */
const block = <T>(
  layers: Layers<T>,
  x: T,
  name: string,
  filters: number,
  { columns, join }: Pick<FractalNetGenotype, 'columns' | 'join'>,
): T => {
  const states = new Array<T>(columns).fill(x);
  const rows = 2 ** (columns - 1);
  for (let row = 1; row <= rows; row++) {
    const ending = states.map((_, column) => column).filter((column) => row % 2 ** column === 0);
    const ends = ending.map((column) =>
      convBlock(layers, states[column] as T, `${name}.column${column}.row${row}`, {
        filters,
        kernel: [3, 3],
      }),
    );
    const value = layers.fractalJoin(ends, { kind: join, columns: ending, total: columns });
    for (const column of ending) states[column] = value;
  }
  return states[0] as T;
};

/**
 * FractalNets (Larsson, Maire & Shakhnarovich 2017): blocks with 2 × 2 maximum pooling and dropout after
 * each. Dropout rises evenly from 0 after the first block to the recipe's after the last (0 to 0.4 in §4).
 * With drop-path in the recipe, half of the minibatches train a single column through the whole network, the
 * others local samples (`fractal-join.ts`).
 *
 * Deviations: the rate of local drop-path rises linearly over training, as that of the other spaces, to the
 * recipe's (0.15 throughout in §4); all kernels are 3 × 3 (2 × 2 in the last block of §4); a map of one pixel
 * is not pooled; filters are scaled by `channels` / 16, and `layers` of the network's size is not used.
 *
 * With 64 filters, B = 5 and C = 3 there are 33.7 M parameters, as many as in the networks that the authors'
 * published generator writes (gustavla/fractalnet 7d07da6, `generation/fra_gl.py:13`): 3 × 3 kernels in all
 * blocks, 64 to 512 filters. They are 16 times the 2.1 M
 * that Table 3 gives for the same network of 16 to 128 filters, and the other depths of Table 3 agree too;
 * the 38.6 M of Table 1 would be 2.4 M there.
 */
export const fractalNetwork =
  (genotype: FractalNetGenotype): BuildNetwork =>
  ({ size, classes }) =>
  (layers, x) => {
    const { blocks } = genotype;
    const first = scaledWidth(genotype.filters, size);
    let y = x;
    for (let b = 0; b < blocks; b++) {
      y = halve(layers, block(layers, y, `blocks.${b}`, first * Math.min(WIDEST, 2 ** b), genotype));
      if (b > 0 && b < blocks - 1) y = layers.dropout(y, b / (blocks - 1));
    }
    // The dropout after the last block is the classifier's.
    return { logits: classify(layers, y, classes) };
  };
