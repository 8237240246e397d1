import { z } from 'zod';
import type { InputError } from '../../core/input-error.ts';
import { checkAllDigits, checkUnused, checkWholeMinibatch } from './checks.ts';
import { examplesOf, stepsBefore, type Cuts } from '../../core/cut.ts';
import { repeated, scoring, scoringInOrder, training } from './course.ts';
import type { SearchSegment, SearchedParts, Work } from './course.ts';
import type { SearchRecipe, SearchToCheck } from './one-job-search.ts';

/** How the alphas of a mixture are moved; defaults as DARTS (Liu et al. 2019, §A.1.1). */
export const architectureAdam = z.strictObject({
  learningRate: z.number().positive().describe('Step size of Adam on the alphas.').default(3e-4),
  beta1: z.number().min(0).lt(1).describe("Decay of Adam's mean of gradients.").default(0.5),
  beta2: z.number().min(0).lt(1).describe("Decay of Adam's mean of squared gradients.").default(0.999),
  weightDecay: z.number().min(0).describe('L2 penalty on the alphas.').default(1e-3),
});

/** Which examples the steps of a search on a mixture read, and how often. */
export interface MixturePlan {
  /** Examples that train the weights. */
  readonly trainsOn: 'train' | 'train+validation';
  /** Examples of the alphas' own minibatch; none where both move on the same. */
  readonly searchesOn?: 'validation' | 'train+validation';
  /** Forward passes, each with a backward pass, of one step: on training and on search examples. */
  readonly passes: { readonly training: number; readonly search: number };
  /**
   * The curvature in the alphas is measured every so many epochs, each time by so many passes over one
   * validation minibatch.
   */
  readonly diagnosis?: { readonly every: number; readonly iterations: number };
}

/** Gradients of one power iteration of a measurement: a small distance apart on either side. */
const GRADIENTS = 2;

/** An epoch of pairs of minibatches; those of the alphas are counted on from epoch to epoch. */
const searching = ({ trainsOn, searchesOn, passes }: MixturePlan, cuts: Cuts, epoch: number): Work => {
  const weights = cuts.training(trainsOn, 'data');
  const alphas = searchesOn && cuts.training(searchesOn, 'search-data');
  const { units } = training(weights, epoch);
  const searched =
    alphas === undefined ? 0 : scoring(alphas, units, stepsBefore(weights, epoch)).passes.scored;
  return {
    units,
    passes: {
      trained: passes.training * examplesOf(weights, epoch) + passes.search * searched,
      scored: 0,
    },
  };
};

/** The mixture is trained and evaluated in turns; a measurement follows the evaluation of its epoch. */
export const mixtureCourse = (
  plan: MixturePlan,
  { epochs }: Pick<SearchRecipe, 'epochs'>,
  cuts: Cuts,
): readonly SearchSegment<'searching' | 'evaluating' | 'diagnosing'>[] => {
  const { diagnosis } = plan;
  const evaluating = scoringInOrder(cuts.inOrder('validation'));
  const diagnosing = ({ iterations }: NonNullable<MixturePlan['diagnosis']>, epoch: number): Work => ({
    units: iterations,
    passes: { trained: GRADIENTS * iterations * cuts.drawn('diagnosis-data').size(epoch, 0), scored: 0 },
  });
  return Array.from({ length: epochs }, (_, epoch) => [
    ...repeated('searching', 1, () => searching(plan, cuts, epoch), epoch),
    ...repeated('evaluating', 1, () => evaluating, epoch),
    ...(diagnosis !== undefined && (epoch + 1) % diagnosis.every === 0
      ? repeated('diagnosing', 1, () => diagnosing(diagnosis, epoch), epoch)
      : []),
  ]).flat();
};

/** A mixture is trained in float32, without auxiliary head, drop-path, dropout or averages of weights. */
export function* checkMixture(search: SearchToCheck<unknown>): Generator<InputError> {
  yield* checkAllDigits(search);
  yield* checkUnused(search, ['auxiliaryWeight', 'dropPath', 'dropout', 'emaDecay']);
}

/** The alphas have minibatches of their own, where they move or are measured on validation examples. */
export function* checkMixtureData(
  search: SearchToCheck<unknown>,
  { searchesOn, diagnosis }: MixturePlan,
  parts: SearchedParts,
  dataset: string,
): Generator<InputError> {
  if (searchesOn === 'validation' || diagnosis !== undefined)
    yield* checkWholeMinibatch(
      search,
      parts,
      dataset,
      'the alphas are moved or measured on whole minibatches',
    );
}
