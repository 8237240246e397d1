import {
  NAS_BENCH_201_OPERATIONS,
  nasBench201,
  type NasBench201Genotype,
  type NasBench201Operation,
} from '../../space/nas-bench-201.ts';
import type { EdgeScores } from '../../space/derived-cell.ts';
import { cellsPerStage, nasBench201Network, nasBench201Operation } from '../networks/nas-bench-201.ts';
import type { SupernetSpec } from './darts-supernet.ts';
import { erased, type Supernet } from './supernet.ts';

/** Batch norm inside a searched cell has no affine parameters, so that edge weights keep their meaning. */
const AFFINE = false;

const strongest = (scores: readonly number[]): number => scores.indexOf(Math.max(...scores));

/**
 * NAS-Bench-201's search network: its macro skeleton with all five operations on all six edges of every cell,
 * one decision an edge for all cells (Dong & Yang 2020, §5). The derived cell keeps each edge's strongest
 * operation, `none` included.
 *
 * @throws InvalidArchitectureError unless the cells make three equal stages.
 */
export const nasBench201Supernet = ({ size, image, classes }: SupernetSpec): Supernet => {
  const skeleton = { channels: size.channels, cellsPerStage: cellsPerStage(size.layers), classes };
  return erased<NasBench201Genotype>({
    space: nasBench201,
    image,
    classes,
    operations: NAS_BENCH_201_OPERATIONS,
    kinds: { cell: 6 },
    network: (layers, x, terms) =>
      nasBench201Network(layers, skeleton, x, (state, { name, row }) =>
        terms(state, { kind: 'cell', row, stride: 1, channels: layers.shape(state)[2], name }),
      ).logits,
    candidate: (layers, x, operation, edge, scale) =>
      nasBench201Operation(
        layers,
        x,
        NAS_BENCH_201_OPERATIONS[operation] as NasBench201Operation,
        `${edge.name}.${operation}`,
        AFFINE,
        scale,
      ),
    endsInBatchNorm: (operation) => /^nor_conv/.test(NAS_BENCH_201_OPERATIONS[operation] as string),
    encodePath: (genotype) =>
      Int32Array.from(genotype, (operation) => NAS_BENCH_201_OPERATIONS.indexOf(operation)),
    derive: ({ cell }) =>
      (cell as EdgeScores).map(
        (scores) => NAS_BENCH_201_OPERATIONS[strongest(scores)] as NasBench201Operation,
      ),
  });
};
