import type { ImageNetworkSize } from '../../task/images/recipe.ts';

/** One cell of a stacked network (Liu et al. 2019, §3.1): where the image halves and what the cell reads. */
export interface CellPlan {
  /** From 0; cells of a stem have none. */
  readonly index?: number;
  /** Of the cell's variables. */
  readonly name: string;
  readonly reduction: boolean;
  /** Input 0 still has the size before the previous cell's reduction. */
  readonly previousReduced: boolean;
  readonly channels: number;
}

/** Cells of the network; those at 1/3 and 2/3 of the depth are reductions and double the channels. */
export const planCells = ({ channels, layers, stem }: ImageNetworkSize): readonly CellPlan[] => {
  const reductions = [Math.floor(layers / 3), Math.floor((2 * layers) / 3)];
  const isReduction = (index: number): boolean => reductions.includes(index);
  let width = channels;
  return Array.from({ length: layers }, (_, index) => {
    if (isReduction(index)) width *= 2;
    return {
      index,
      name: `cells.${index}`,
      reduction: isReduction(index),
      // The ImageNet stem halves the image between the two inputs of the first cell.
      previousReduced: index === 0 ? stem === 'imagenet' : isReduction(index - 1),
      channels: width,
    };
  });
};

/** Index of the cell that feeds the auxiliary head: the second reduction. */
export const auxiliaryCell = (layers: number): number => Math.floor((2 * layers) / 3);
