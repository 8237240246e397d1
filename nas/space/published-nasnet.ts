import { publishedCell } from './published-cells.ts';
import type { CellEdge } from './cell-genotype.ts';
import type { NasnetBlock, NasnetGenotype, NasnetOperation } from './nasnet.ts';
import type { PnasGenotype } from './pnas.ts';

/** Operations that the DARTS authors' notation names otherwise. */
const NASNET_NAMES: Readonly<Record<string, NasnetOperation>> = {
  skip_connect: 'identity',
  conv_7x1_1x7: 'conv_1x7_7x1',
};

/** Two edges a block; every published block adds. */
const blocksOf = (edges: readonly CellEdge[]): NasnetBlock[] =>
  Array.from({ length: edges.length / 2 }, (_, b) => {
    const [[f, first], [g, second]] = edges.slice(2 * b, 2 * b + 2) as [CellEdge, CellEdge];
    const named = (operation: string): NasnetOperation =>
      NASNET_NAMES[operation] ?? (operation as NasnetOperation);
    return [first, second, named(f), named(g), 'add'];
  });

const inNasnet = (name: 'NASNet' | 'AmoebaNet'): NasnetGenotype => {
  const { normal, reduce } = publishedCell(name);
  return { normal: blocksOf(normal), reduce: blocksOf(reduce) };
};

/**
 * As in its authors' code (tensorflow/models 08eebbc, `research/slim/nets/nasnet/nasnet_utils.py`,
 * `NasNetANormalCell`, `NasNetAReductionCell`): the normal cell also passes its older input on, the reduction
 * cell a block that another reads.
 */
const NASNET_A: NasnetGenotype = {
  ...inNasnet('NASNet'),
  normalConcat: [0, 2, 3, 4, 5, 6],
  reduceConcat: [3, 4, 5, 6],
};

/**
 * NASNet-A (Zoph et al. 2018, Figure 4) and AmoebaNet-A (Real et al. 2019, Figure 4), this one as DARTS
 * re-expressed it.
 */
export const PUBLISHED_NASNET: Readonly<Record<string, string>> = {
  NASNET_A: JSON.stringify(NASNET_A),
  AMOEBANET_A: JSON.stringify(inNasnet('AmoebaNet')),
};

/** PNASNet-5 (Liu et al. 2018, Figure 1). */
const PNASNET_5: PnasGenotype = [
  [0, 0, 'sep_conv_5x5', 'max_pool_3x3'],
  [1, 1, 'sep_conv_7x7', 'max_pool_3x3'],
  [1, 1, 'sep_conv_5x5', 'sep_conv_3x3'],
  [4, 1, 'sep_conv_3x3', 'max_pool_3x3'],
  [0, 1, 'sep_conv_3x3', 'identity'],
];
export const PUBLISHED_PNAS: Readonly<Record<string, string>> = { PNASNET_5: JSON.stringify(PNASNET_5) };
