import { NASNET_OPERATIONS, type NasnetBlock, type NasnetGenotype } from '../../space/nasnet.ts';
import type { Layers } from '../layers.ts';
import { NASNET_CELL_OPERATIONS, factorizedReduce, reluConvBatchNorm } from '../operations.ts';
import type { CellPlan } from './cell-plan.ts';
import type { BuildNetwork } from './network.ts';
import { stackedCells } from './stacked-cells.ts';

const AFFINE = true;

/** States that no block of the cell reads; of a cell's inputs only what blocks make of them goes on. */
export const looseEnds = (blocks: readonly NasnetBlock[]): readonly number[] => {
  const read = new Set(blocks.flatMap(([first, second]) => [first, second]));
  return blocks.map((_, b) => b + 2).filter((state) => !read.has(state));
};

/** Of a cell's states 2 and up, one a block, those that are concatenated to its output. */
export type OutputStates = (blocks: readonly NasnetBlock[]) => readonly number[];

/** One cell: its two inputs adjusted to C channels, then one state a block. */
const cell = <T>(
  layers: Layers<T>,
  blocks: readonly NasnetBlock[],
  outputs: OutputStates,
  plan: CellPlan,
  s0: T,
  s1: T,
): T => {
  const { reduction, channels } = plan;
  const name = `cells.${plan.index}`;
  const adjust = plan.previousReduced ? factorizedReduce : reluConvBatchNorm;
  const states = [
    adjust(layers, s0, `${name}.preprocess0`, channels, AFFINE),
    reluConvBatchNorm(layers, s1, `${name}.preprocess1`, channels, AFFINE),
  ];
  /** What blocks read: states of C channels. */
  const readable = [...states];
  blocks.forEach(([first, second, firstOperation, secondOperation, combination], b) => {
    const branch = (state: number, operation: (typeof NASNET_OPERATIONS)[number], at: number): T => {
      const stride = reduction && state < 2 ? 2 : 1;
      const apply = NASNET_CELL_OPERATIONS[operation];
      const y = apply(layers, readable[state] as T, `${name}.blocks.${b}.${at}`, stride, AFFINE);
      return operation === 'identity' && stride === 1 ? y : layers.dropPath(y);
    };
    const branches = [branch(first, firstOperation, 0), branch(second, secondOperation, 1)];
    const state = combination === 'add' ? layers.add(branches) : layers.concat(branches);
    states.push(state);
    const isRead = blocks.some(([a, c]) => a === b + 2 || c === b + 2);
    readable.push(
      combination === 'concat' && isRead
        ? reluConvBatchNorm(layers, state, `${name}.blocks.${b}.project`, channels, AFFINE)
        : state,
    );
  });
  return layers.concat(outputs(blocks).map((state) => states[state] as T));
};

/**
 * A NASNet-space network (Zoph et al. 2018, §3 and appendix A): `N@F` is `layers` = 3N + 2 cells, of which those at 1/3
 * and 2/3 of the depth reduce, with `channels` filters in the first (6@768 is 20 cells of 32 filters: six loose ends of
 * 4 · 32). Stem, auxiliary head and ScheduledDropPath as published; AmoebaNets and PNASNets are built alike.
 *
 * Deviations: an identity of stride 2 is a factorized reduction; a state that a concatenation made wider than C is
 * projected to C once for all its readers (the paper leaves it open); rectangular convolutions follow each other without
 * batch norm between them.
 *
 * @throws InvalidArchitectureError for an odd number of channels, which a reduction cannot split.
 */
export const nasnetNetwork = (
  { normal, reduce }: NasnetGenotype,
  outputs: OutputStates = looseEnds,
): BuildNetwork =>
  stackedCells((layers, plan, s0, s1) =>
    cell(layers, plan.reduction ? reduce : normal, outputs, plan, s0, s1),
  );
