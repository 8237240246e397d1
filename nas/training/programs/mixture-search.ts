import type { CurvePoint, SearchResult, TrainingCost } from '../../job/program-result.ts';
import type { SearchSpec } from '../../job/program-spec.ts';
import { deriveSeed } from '../../core/random.ts';
import { costOf } from '../../search/one-job/course.ts';
import { mixtureCourse } from '../../search/one-job/mixture.ts';
import type { OneJobName } from '../../search/one-job/registry.ts';
import type { TrainingProgram } from '../program.ts';
import { compileMixture, type Architecture } from './compiled-mixture.ts';
import { hashWeights } from './compiled-model.ts';
import { courseProgram, type Done } from './course-program.ts';
import {
  powerStep,
  startPowerIteration,
  stoppedAt,
  type Measurement,
  type PowerIteration,
} from './hessian-eigenvalue.ts';
import type { MixtureStrategy } from './mixture-strategy.ts';
import type { OneJobProgram } from './one-job-program.ts';
import { costOfPasses } from './passes.ts';
import type { LearningResources } from './resources.ts';
import { describedMixture, mixtureOf } from './searched-networks.ts';
import { courseOf, type Place } from './segments.ts';
import { batchAt, type Feed } from '../tasks/feed.ts';
import type { Mixture, Tally } from '../tasks/tensor-task.ts';
import { emptyTally, evaluatedTally } from './tally.ts';
import { amended, noEpochs, trained, validationScores, type TrainingEpochs } from './training-epochs.ts';
import { trainingStep } from './training-step.ts';
import { mapValues } from '../graph/variable-groups.ts';

/** The digest of the data covers the minibatches of weights and alphas. */
type State = TrainingEpochs & {
  readonly evaluation: Tally;
  /** Of the measurement under way. */
  readonly power?: PowerIteration;
};

/**
 * What a curve holds of the alphas: their softmax to six decimals, and the skip connections of the cells they
 * stand for.
 */
const describeArchitecture = (
  { derive, skipConnects }: Mixture,
  architecture: Architecture,
): Pick<CurvePoint, 'edgeWeights' | 'skipConnects'> => ({
  edgeWeights: mapValues(architecture, (scores) => scores.map((row) => row.map((w) => Number(w.toFixed(6))))),
  ...(skipConnects && { skipConnects: skipConnects(derive(architecture)) }),
});

const eigenvalues = (curve: readonly CurvePoint[]): readonly Measurement[] =>
  curve.flatMap(({ epoch, hessianEigenvalue: eigenvalue }) =>
    eigenvalue === undefined ? [] : [{ epoch, eigenvalue }],
  );

/**
 * Stage 1 by gradient descent on a mixture of all operations: DARTS and its relatives. One step is one
 * minibatch, or one pair of minibatches where the alphas have their own.
 *
 * After each epoch the validation part is evaluated with running statistics and the expected edge weights
 * (the softmax of the alphas), which the curve records. The result is one cell, derived from the final
 * alphas; its score is the last validation score of the mixture. With `diagnostics` the curvature in the
 * alphas is measured on one minibatch of the validation part every few epochs, and may end the search early,
 * with the cell of an earlier epoch. Examples that do not fill the last minibatch of an epoch are left out of
 * it.
 *
 * @throws InvalidArchitectureError if the supernet cannot be built at this size.
 */
export const mixtureSearch = async (
  spec: SearchSpec,
  mixture: Mixture,
  strategy: MixtureStrategy,
  { tf, data, task }: LearningResources,
): Promise<TrainingProgram> => {
  const { recipe } = spec;
  const { epochs } = recipe;
  const { cuts, training, drawn, inOrder } = await task.open(data, spec, 'search');
  const { trainsOn, searchesOn, diagnosis } = strategy.plan;
  const feed = training(trainsOn, 'data');
  const searchFeed = searchesOn && training(searchesOn, 'search-data');
  const evaluationFeed = inOrder('validation');
  const diagnosisFeed = diagnosis && drawn('diagnosis-data');
  const course = courseOf(mixtureCourse(strategy.plan, recipe, cuts));
  const compiled = await compileMixture(
    tf,
    strategy,
    { mixture, recipe, seed: deriveSeed(spec.seed, 'alphas') },
    {
      training: feed,
      ...(searchFeed && { search: searchFeed }),
      evaluation: evaluationFeed,
      ...(diagnosisFeed && { diagnosis: diagnosisFeed }),
    },
    task,
  );
  const stepAt = trainingStep(feed, recipe);
  const masksSeed = deriveSeed(spec.seed, 'masks');
  const alphas = Object.values(mixture.kinds).reduce(
    (sum, edges) => sum + edges * mixture.operations.length,
    0,
  );

  const searchOne = async (state: State, at: Place): Promise<Done<State>> => {
    const { batch, learningRate, place } = await stepAt(at);
    const search = searchFeed && (await batchAt(searchFeed, place.update));
    const latest = compiled.step({
      training: batch,
      ...(search && { search }),
      learningRate,
      seed: [masksSeed, place.update],
      inputs: strategy.inputsAt(place.epoch * place.steps + place.index, place.steps),
    });
    const minibatch = {
      update: place.update,
      learningRate,
      tally: latest,
      batches: search ? [batch, search] : [batch],
      describe: () => describeArchitecture(mixture, compiled.architecture()),
    };
    return { state: { ...state, ...trained(task, state, at, minibatch) }, latest };
  };

  const evaluateOne = async (state: State, { unit, isLastUnit }: Place): Promise<Done<State>> => {
    const latest = compiled.evaluate(await evaluationFeed.batch(0, unit));
    const evaluation = evaluatedTally(state.evaluation, unit, latest, 'validation loss of the mixture');
    const curve = isLastUnit ? amended(state.curve, validationScores(task, evaluation)) : state.curve;
    return { state: { ...state, evaluation, curve }, latest };
  };

  /**
   * The epoch whose cell is the result, from 1: the last one, or an earlier one where the search was stopped.
   */
  const resultEpoch = ({ curve }: State): number =>
    (strategy.stopsEarly && stoppedAt(eigenvalues(curve))) || epochs;

  const diagnoseOne = async (
    state: State,
    { index: epoch, unit, isLastUnit }: Place,
  ): Promise<Done<State>> => {
    const batch = await (diagnosisFeed as Feed).batch(epoch, 0);
    const { power: before, ...rest } = state;
    const start =
      unit === 0 ? startPowerIteration(alphas, deriveSeed(spec.seed, epoch)) : (before as PowerIteration);
    const power = powerStep(start, (direction, distance) =>
      compiled.alphaGradient(batch, direction, distance),
    );
    if (!isLastUnit) return { state: { ...rest, power } };
    const measured = { ...rest, curve: amended(state.curve, { hessianEigenvalue: power.eigenvalue }) };
    return { state: measured, stops: resultEpoch(measured) < epochs };
  };

  /** Of the course up to where diagnostics have ended it. */
  const spent = ({ curve: { length } }: State): TrainingCost =>
    costOfPasses(
      costOf(mixtureCourse(strategy.plan, { ...recipe, epochs: length }, cuts)),
      mixture.multiplyAdds,
    );

  return courseProgram<'searching' | 'evaluating' | 'diagnosing', State>({
    task,
    course,
    initial: { ...noEpochs(task), evaluation: emptyTally(task) },
    units: { searching: searchOne, evaluating: evaluateOne, diagnosing: diagnoseOne },
    read: () => compiled.read(),
    write: (tensors) => compiled.write(tensors),
    result: (state): SearchResult => {
      const best = resultEpoch(state);
      const point = state.curve[best - 1] as CurvePoint;
      const architecture = best === epochs ? compiled.architecture() : (point.edgeWeights as Architecture);
      return {
        kind: 'search',
        candidates: [
          {
            genotype: mixture.space.print(mixture.derive(architecture)),
            score: point.validationAccuracy as number,
          },
        ],
        curve: state.curve,
        cost: spent(state),
        weightsSha256: hashWeights(compiled.read()),
      };
    },
    dispose: () => {
      for (const of of [feed, searchFeed, evaluationFeed, diagnosisFeed]) void of?.close();
      compiled.dispose();
    },
  });
};

/** The program of a search on a mixture, from the way in which it moves weights and alphas. */
export const mixtureProgram = <Name extends OneJobName>(
  strategyOf: (spec: SearchSpec<Name>, mixture: Mixture, resources: LearningResources) => MixtureStrategy,
): OneJobProgram<Name> => ({
  create: (spec, resources) => {
    const mixture = mixtureOf(spec, resources);
    return mixtureSearch(spec, mixture, strategyOf(spec, mixture, resources), resources);
  },
  describe: (spec, manifest) => {
    const facts = describedMixture(spec, manifest);
    return () => facts;
  },
});
