import type {
  EnasSearchSpec,
  MixtureSearchSpec,
  ProgramSpec,
  SmashSearchSpec,
  TrainNetworkSpec,
  WeightSharingSearchSpec,
} from '../../job/job.ts';
import { mixturePlan } from './mixture-plan.ts';

/** Images of a data set under a task's split. */
export interface ImageCounts {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** Images that a whole program passes: forward and backward, and forward alone. */
export interface Passes {
  readonly trained: number;
  readonly scored: number;
}

/** Images in the whole minibatches of so many; those that do not fill the last one are left out. */
const inWhole = (images: number, batchSize: number): number => Math.floor(images / batchSize) * batchSize;

/** Points of the validation curve at most; the last epoch is always one. */
const EVALUATIONS = 20;

/** Numbers of epochs after which a network in training is scored, ascending; training ends with the last. */
export const scoredEpochs = ({
  recipe: { epochs },
  evaluateOn,
  rungs,
  scoreOfLast = 1,
}: Pick<TrainNetworkSpec, 'recipe' | 'evaluateOn' | 'rungs' | 'scoreOfLast'>): readonly number[] => {
  if (rungs !== undefined) return rungs;
  const every = evaluateOn === 'validation' ? Math.ceil(epochs / EVALUATIONS) : epochs;
  return Array.from({ length: epochs }, (_, epoch) => epoch + 1).filter(
    (n) => (epochs - n) % every === 0 || epochs - n < scoreOfLast,
  );
};

/** Of the training of a network; what one that it goes on from has passed is counted again. */
export const trainingPasses = (
  spec: Pick<TrainNetworkSpec, 'recipe' | 'trainOn' | 'evaluateOn' | 'rungs' | 'scoreOfLast'>,
  { train, validation, test }: ImageCounts,
): Passes => {
  const { recipe, trainOn, evaluateOn } = spec;
  const after = scoredEpochs(spec);
  const epoch = inWhole(trainOn === 'train' ? train : train + validation, recipe.batchSize);
  return {
    trained: (after.at(-1) ?? recipe.epochs) * epoch,
    scored: after.length * (evaluateOn === 'validation' ? validation : test),
  };
};

/** Measurements of the curvature that a mixture search makes in so many epochs. */
const measurements = ({ strategy }: MixtureSearchSpec, epochs: number): number =>
  strategy.name === 'darts' && strategy.diagnostics !== undefined
    ? Math.floor(epochs / strategy.diagnostics.hessianEvery)
    : 0;

/** Of a search on a mixture that has ended after so many epochs: of all, unless its diagnostics have stopped it. */
export const mixturePasses = (
  spec: MixtureSearchSpec,
  { train, validation }: ImageCounts,
  epochs = spec.recipe.epochs,
): Passes => {
  const { strategy, recipe } = spec;
  const { trainsOn, passes } = mixturePlan(strategy);
  const { batchSize } = recipe;
  const epoch = inWhole(trainsOn === 'train' ? train : train + validation, batchSize);
  const iterations = strategy.name === 'darts' ? (strategy.diagnostics?.iterations ?? 0) : 0;
  return {
    trained:
      epochs * epoch * (passes.training + passes.search) +
      2 * batchSize * iterations * measurements(spec, epochs),
    scored: epochs * validation,
  };
};

const weightSharingPasses = (
  { recipe, strategy }: WeightSharingSearchSpec,
  { train, validation }: ImageCounts,
): Passes => {
  const { epochs, batchSize } = recipe;
  const { candidates, scoreMinibatches, rounds, rescore, scoreStatistics } = strategy;
  const whole = scoreStatistics === 'batch' ? inWhole(validation, batchSize) : validation;
  return {
    trained: epochs * inWhole(train, batchSize),
    scored: candidates * scoreMinibatches * batchSize + rounds * rescore * whole,
  };
};

const enasPasses = ({ recipe, strategy }: EnasSearchSpec, { train }: ImageCounts): Passes => {
  const { epochs, batchSize } = recipe;
  const { updates, samples } = strategy.controller;
  return {
    trained: epochs * inWhole(train, batchSize),
    scored: (epochs * updates * samples + strategy.candidates) * batchSize,
  };
};

const smashPasses = ({ recipe, strategy }: SmashSearchSpec, { train, validation }: ImageCounts): Passes => {
  const { epochs, batchSize } = recipe;
  const minibatches = Math.min(strategy.scoreMinibatches ?? Infinity, Math.floor(validation / batchSize));
  return {
    trained: epochs * inWhole(train, batchSize),
    scored: (strategy.candidates + strategy.perturbations + strategy.chain) * minibatches * batchSize,
  };
};

/** Of a whole program, as it will count them itself. */
export const passesOf = (spec: ProgramSpec, images: ImageCounts): Passes => {
  switch (spec.kind) {
    case 'train-network':
      return trainingPasses(spec, images);
    case 'mixture-search':
      return mixturePasses(spec, images);
    case 'weight-sharing-search':
      return weightSharingPasses(spec, images);
    case 'enas-search':
      return enasPasses(spec, images);
    case 'smash-search':
      return smashPasses(spec, images);
  }
};

/** What passes cost: a backward pass counts twice a forward one. `multiplyAdds` are of one image, forward. */
export const costOfPasses = (
  { trained, scored }: Passes,
  multiplyAdds: number,
): { readonly images: number; readonly multiplyAdds: number } => ({
  images: trained + scored,
  multiplyAdds: (3 * trained + scored) * multiplyAdds,
});
