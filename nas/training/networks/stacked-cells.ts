import type { ImageNetworkSize } from '../../task/images/recipe.ts';
import type { Layers } from '../layers/layers.ts';
import { InvalidArchitectureError } from '../program.ts';
import { auxiliaryHead } from './auxiliary-head.ts';
import { auxiliaryCell, planCells, type CellPlan } from './cell-plan.ts';
import { classify } from './conv-block.ts';
import type { BuildNetwork } from './network.ts';
import { stem as convolutionalStem } from './stems.ts';

/** The output of one cell from those of the two before it. */
export type Cell = <T>(layers: Layers<T>, plan: CellPlan, s0: T, s1: T) => T;

/** The two inputs of the first cell. */
export type Stem = <T>(layers: Layers<T>, x: T, size: ImageNetworkSize) => readonly [T, T];

/**
 * Copies of a cell on a stem, each reading the two before it, with an auxiliary classifier after the second
 * reduction (Zoph et al. 2018, appendix A; Liu et al. 2019, §3.1).
 *
 * @throws InvalidArchitectureError for an odd number of channels, which a reduction cannot split.
 */
export const stackedCells =
  (cell: Cell, stem: Stem = convolutionalStem): BuildNetwork =>
  ({ size, classes, auxiliary }) => {
    if (size.channels % 2 !== 0)
      throw new InvalidArchitectureError(
        `channels ${size.channels}: allowed: even numbers, because reductions split them in two`,
      );
    return <T>(layers: Layers<T>, x: T) => {
      let [s0, s1] = stem(layers, x, size);
      let head: T | undefined;
      for (const plan of planCells(size)) {
        [s0, s1] = [s1, cell(layers, plan, s0, s1)];
        if (auxiliary && plan.index === auxiliaryCell(size.layers))
          head = auxiliaryHead(layers, s1, size.stem, classes);
      }
      return { logits: classify(layers, s1, classes), ...(head !== undefined && { auxiliary: head }) };
    };
  };
