import { z } from 'zod';
import type { InputError } from '../../core/input-error.ts';
import { checkAllDigits, checkUnused, checkWholeMinibatch } from './checks.ts';
import { repeated, scoringAll, training, wholeMinibatches } from './course.ts';
import type { SearchSegment, SearchedImages } from './course.ts';
import type { SearchRecipe, SearchToCheck } from './one-job-search.ts';

/** How the alphas of a mixture are moved; defaults as DARTS (Liu et al. 2019, §A.1.1). */
export const architectureAdam = z.strictObject({
  learningRate: z.number().positive().describe('Step size of Adam on the alphas.').default(3e-4),
  beta1: z.number().min(0).lt(1).describe("Decay of Adam's mean of gradients.").default(0.5),
  beta2: z.number().min(0).lt(1).describe("Decay of Adam's mean of squared gradients.").default(0.999),
  weightDecay: z.number().min(0).describe('L2 penalty on the alphas.').default(1e-3),
});

/** Which images the steps of a search on a mixture read, and how often. */
export interface MixturePlan {
  /** Images that train the weights. */
  readonly trainsOn: 'train' | 'train+validation';
  /** Images of the alphas' own minibatch; none where both move on the same. */
  readonly searchesOn?: 'validation' | 'train+validation';
  /** Forward passes, each with a backward pass, of one step: on training and on search images. */
  readonly passes: { readonly training: number; readonly search: number };
  /**
   * The curvature in the alphas is measured every so many epochs, each time by so many passes over one
   * validation minibatch.
   */
  readonly diagnosis?: { readonly every: number; readonly iterations: number };
}

/** Gradients of one power iteration of a measurement: a small distance apart on either side. */
const GRADIENTS = 2;

/** The mixture is trained and evaluated in turns; a measurement follows the evaluation of its epoch. */
export const mixtureCourse = (
  { trainsOn, passes, diagnosis }: MixturePlan,
  { epochs, batchSize }: Pick<SearchRecipe, 'epochs' | 'batchSize'>,
  { train, validation }: SearchedImages,
): readonly SearchSegment<'searching' | 'evaluating' | 'diagnosing'>[] => {
  const minibatches = wholeMinibatches(trainsOn === 'train' ? train : train + validation, batchSize);
  const searching = training(minibatches, batchSize, passes.training + passes.search);
  const evaluating = scoringAll(validation, batchSize);
  return Array.from({ length: epochs }, (_, epoch) => [
    ...repeated('searching', 1, searching, epoch),
    ...repeated('evaluating', 1, evaluating, epoch),
    ...(diagnosis !== undefined && (epoch + 1) % diagnosis.every === 0
      ? repeated('diagnosing', 1, training(diagnosis.iterations, batchSize, GRADIENTS), epoch)
      : []),
  ]).flat();
};

/** What a mixture cannot be trained with. */
export function* checkMixture(search: SearchToCheck<unknown>): Generator<InputError> {
  yield* checkAllDigits(search);
  yield* checkUnused(search, ['auxiliaryWeight', 'dropPath', 'dropout', 'emaDecay']);
}

/** The alphas have minibatches of their own, where they move or are measured on validation images. */
export function* checkMixtureData(
  search: SearchToCheck<unknown>,
  { searchesOn, diagnosis }: MixturePlan,
  images: SearchedImages,
  dataset: string,
): Generator<InputError> {
  if (searchesOn === 'validation' || diagnosis !== undefined)
    yield* checkWholeMinibatch(
      search,
      images,
      dataset,
      'the alphas are moved or measured on whole minibatches',
    );
}
