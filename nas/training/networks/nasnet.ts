import { nasnetOutputs, type NasnetGenotype, type NasnetOperation } from '../../space/nasnet.ts';
import type { Layers } from '../layers/layers.ts';
import { NASNET_CELL_OPERATIONS, factorizedReduce, reluConvBatchNorm } from '../layers/operations.ts';
import type { CellPlan } from './cell-plan.ts';
import type { BuildNetwork } from './network.ts';
import { stackedCells } from './stacked-cells.ts';
import { nasnetStem } from './stems.ts';

const AFFINE = true;

/** One cell: its two inputs adjusted to C channels, then one state a block. */
const cell = <T>(layers: Layers<T>, genotype: NasnetGenotype, plan: CellPlan, s0: T, s1: T): T => {
  const { reduction, channels, name } = plan;
  const kind = reduction ? 'reduce' : 'normal';
  const blocks = genotype[kind];
  const adjust = plan.previousReduced ? factorizedReduce : reluConvBatchNorm;
  const states = [
    adjust(layers, s0, `${name}.preprocess0`, channels, AFFINE),
    reluConvBatchNorm(layers, s1, `${name}.preprocess1`, channels, AFFINE),
  ];
  /** What blocks read: states of C channels. */
  const readable = [...states];
  blocks.forEach(([first, second, firstOperation, secondOperation, combination], b) => {
    const branch = (state: number, operation: NasnetOperation, at: number): T => {
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
  // An input that goes on still has its size before a reduction.
  const passed = (state: number): T => {
    const x = states[state] as T;
    return reduction && state < 2
      ? factorizedReduce(layers, x, `${name}.ends.${state}`, channels, AFFINE)
      : x;
  };
  return layers.concat(nasnetOutputs(genotype, kind).map(passed));
};

/**
 * A NASNet-space network (Zoph et al. 2018, §3 and appendix A): `N@F` is `layers` = 3N + 2 cells, of which
 * those at 1/3 and 2/3 of the depth reduce, with `channels` filters in the first. NASNet-A (6@768) is 20
 * cells of 32 filters, the last of which concatenates six states of 4 · 32: its five blocks and its older
 * input. The ImageNet stem is a convolution and two more reduction cells that `layers` does not count:
 * NASNet-A (4@1056) is 14 cells of 44 filters. ScheduledDropPath (appendix A): what an operation brings to a
 * block is dropped for each image by itself with a probability that rises linearly over training, the same in
 * all cells. AmoebaNets and PNASNets are built alike.
 *
 * Deviations from the authors' code (tensorflow/models 08eebbc, `research/slim/nets/nasnet/`, `nasnet.py` and
 * `nasnet_utils.py`): the first cell, which has one input, adjusts it twice, where their
 * operations read it as it is; the ImageNet stem's convolution is padded, and has 32 filters also in the
 * largest networks (96); the auxiliary head reads the second reduction, as in DARTS, not the cell before; an
 * identity of stride 2 is a factorized reduction, which begins with ReLU here, also where it reduces an input
 * that goes on; a state that a concatenation made wider than C is projected to C once for all its readers and
 * goes on as wide as it is (the paper leaves it open); rectangular convolutions follow each other without
 * batch norm between them. Their ScheduledDropPath has grown beyond the paper's: the code (version 3)
 * multiplies the probability of the n-th of N cells by n / N, raises it at every step and never drops an
 * identity. Here it rises at every epoch, from 0 in the first to (E − 1) / E of its final value in the last
 * of E, and an identity of stride 2 is dropped like any other operation with weights; one of stride 1 is not.
 *
 * @throws InvalidArchitectureError for an odd number of channels, which a reduction cannot split.
 */
export const nasnetNetwork = (genotype: NasnetGenotype): BuildNetwork =>
  stackedCells(
    (layers, plan, s0, s1) => cell(layers, genotype, plan, s0, s1),
    (layers, x, size) => nasnetStem(layers, x, size, (plan, s0, s1) => cell(layers, genotype, plan, s0, s1)),
  );
