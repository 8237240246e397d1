import { isSearch, type ProgramSpec, type SearchSpec, type TrainNetworkSpec } from '../../job/job.ts';
import { costOf, wholeMinibatches } from '../../search/one-job/course.ts';
import type { Passes, SearchedImages } from '../../search/one-job/course.ts';
import { oneJobSearchOf } from '../../search/one-job/registry.ts';

/** Images of a data set under a task's split. */
export interface ImageCounts extends SearchedImages {
  readonly test: number;
}

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
  const { batchSize } = recipe;
  const images = trainOn === 'train' ? train : train + validation;
  const epoch = wholeMinibatches(images, batchSize) * batchSize;
  return {
    trained: (after.at(-1) ?? recipe.epochs) * epoch,
    scored: after.length * (evaluateOn === 'validation' ? validation : test),
  };
};

/** Of a search that walks its whole course. */
const searchPasses = ({ strategy, recipe }: SearchSpec, images: SearchedImages): Passes =>
  costOf(oneJobSearchOf(strategy).course(strategy, recipe, images));

/** Of a whole program, as it will count them itself. */
export const passesOf = (spec: ProgramSpec, images: ImageCounts): Passes =>
  isSearch(spec) ? searchPasses(spec, images) : trainingPasses(spec, images);

/** What passes cost: a backward pass counts twice a forward one. `multiplyAdds` are of one image, forward. */
export const costOfPasses = (
  { trained, scored }: Passes,
  multiplyAdds: number,
): { readonly images: number; readonly multiplyAdds: number } => ({
  images: trained + scored,
  multiplyAdds: (3 * trained + scored) * multiplyAdds,
});
