/**
 * How examples are cut into minibatches, by their place alone: what an estimate counts and what a program is
 * fed have it in common.
 */
export interface Cut {
  /** Minibatches of an epoch. */
  steps(epoch: number): number;
  /** Examples of a minibatch that are not padding. */
  size(epoch: number, index: number): number;
}

/** A part of the data that networks are trained on. */
export type TrainedPart = 'train' | 'validation' | 'train+validation';

/** The cuts of a data set under a program's spec; equal purposes are cut alike. */
export interface Cuts {
  /** Epochs over a part, in an order of their own. */
  training(part: TrainedPart, purpose: string): Cut;
  /** Whole minibatches of the validation part, drawn at random, one epoch after another. */
  drawn(purpose: string): Cut;
  /** One pass over all of a part, its epoch 0. */
  inOrder(part: 'validation' | 'test'): Cut;
}

/** Minibatches of one size; examples that do not fill the last one are left out. */
export const wholeMinibatches = (examples: number, size: number): Cut => ({
  steps: () => Math.floor(examples / size),
  size: () => size,
});

/** Minibatches of one size, the last of which is filled up with padding. */
export const paddedMinibatches = (examples: number, size: number): Cut => ({
  steps: () => Math.ceil(examples / size),
  size: (_, index) => Math.min(size, examples - index * size),
});

/** Examples of the first so many minibatches of an epoch, or of all of them. */
export const examplesOf = (cut: Cut, epoch: number, steps = cut.steps(epoch)): number => {
  let sum = 0;
  for (let index = 0; index < steps; index++) sum += cut.size(epoch, index);
  return sum;
};

/** Where a minibatch lies that is counted on from epoch to epoch. */
export const placeAt = (
  cut: Pick<Cut, 'steps'>,
  position: number,
): { readonly epoch: number; readonly index: number } => {
  let [epoch, index] = [0, position];
  for (let steps = cut.steps(0); index >= steps; steps = cut.steps(epoch)) {
    if (steps === 0) throw new RangeError(`minibatch ${position}: epoch ${epoch} has none`);
    index -= steps;
    epoch += 1;
  }
  return { epoch, index };
};

/** Minibatches of the epochs before one. */
export const stepsBefore = (cut: Pick<Cut, 'steps'>, epoch: number): number => {
  let sum = 0;
  for (let before = 0; before < epoch; before++) sum += cut.steps(before);
  return sum;
};
