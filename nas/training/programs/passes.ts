import { examplesOf, type Cuts } from '../../core/cut.ts';
import { isSearch } from '../../job/program-spec.ts';
import type { ProgramSpec, SearchSpec, TrainNetworkSpec } from '../../job/program-spec.ts';
import { costOf, type Passes } from '../../search/one-job/course.ts';
import { oneJobSearchOf } from '../../search/one-job/registry.ts';

/** Points of the validation curve at most; the last epoch is always one. */
const EVALUATIONS = 20;

type Trained = Pick<
  TrainNetworkSpec,
  'recipe' | 'trainOn' | 'evaluateOn' | 'rungs' | 'scoreOfLast' | 'validateEvery'
>;

const epochsOf = ({ recipe: { epochs } }: Pick<Trained, 'recipe'>): readonly number[] =>
  Array.from({ length: epochs }, (_, epoch) => epoch + 1);

/** Numbers of epochs after which a network in training is scored, ascending; training ends with the last. */
export const scoredEpochs = (spec: Omit<Trained, 'trainOn'>): readonly number[] => {
  const { recipe, evaluateOn, rungs, scoreOfLast = 1, validateEvery } = spec;
  const { epochs } = recipe;
  if (rungs !== undefined) return rungs;
  const every = evaluateOn === 'test' ? epochs : (validateEvery ?? Math.ceil(epochs / EVALUATIONS));
  return epochsOf(spec).filter((n) => (epochs - n) % every === 0 || epochs - n < scoreOfLast);
};

/** Of those of a training that is scored on the test split, after which the validation part is evaluated. */
export const validatedEpochs = (
  spec: Pick<Trained, 'recipe' | 'evaluateOn' | 'validateEvery'>,
): readonly number[] => {
  const { evaluateOn, validateEvery } = spec;
  return evaluateOn === 'validation' || validateEvery === undefined
    ? []
    : epochsOf(spec).filter((n) => n % validateEvery === 0);
};

/** Of the training of a network; what one that it goes on from has passed is counted again. */
export const trainingPasses = (spec: Trained, cuts: Cuts): Passes => {
  const { recipe, trainOn, evaluateOn } = spec;
  const after = scoredEpochs(spec);
  const trained = cuts.training(trainOn, 'data');
  const epochs = after.at(-1) ?? recipe.epochs;
  return {
    trained: Array.from({ length: epochs }, (_, epoch) => examplesOf(trained, epoch)).reduce(
      (sum, examples) => sum + examples,
      0,
    ),
    scored:
      after.length * examplesOf(cuts.inOrder(evaluateOn), 0) +
      validatedEpochs(spec).length * examplesOf(cuts.inOrder('validation'), 0),
  };
};

/** Of a search that walks its whole course. */
const searchPasses = ({ strategy, recipe }: SearchSpec, cuts: Cuts): Passes =>
  costOf(oneJobSearchOf(strategy).course(strategy, recipe, cuts));

/** Of a whole program, as it will count them itself. */
export const passesOf = (spec: ProgramSpec, cuts: Cuts): Passes =>
  isSearch(spec) ? searchPasses(spec, cuts) : trainingPasses(spec, cuts);

/**
 * What passes cost: a backward pass counts twice a forward one. `multiplyAdds` are of one example, forward.
 */
export const costOfPasses = (
  { trained, scored }: Passes,
  multiplyAdds: number,
): { readonly images: number; readonly multiplyAdds: number } => ({
  images: trained + scored,
  multiplyAdds: (3 * trained + scored) * multiplyAdds,
});
