import { paddedMinibatches, wholeMinibatches, type Cut, type Cuts } from '../../core/cut.ts';

/** Images of each part of a data set, as a spec splits it. */
export interface PartCounts {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** How images are cut: an epoch passes over each that fills a minibatch. */
export const imageCuts = ({ train, validation, test }: PartCounts, batchSize: number): Cuts => {
  const parts = { train, validation, 'train+validation': train + validation };
  return {
    training: (part): Cut => wholeMinibatches(parts[part], batchSize),
    drawn: () => wholeMinibatches(validation, batchSize),
    inOrder: (part) => paddedMinibatches(part === 'test' ? test : validation, batchSize),
  };
};
