import type { CurvePoint, SearchResult, SearchSpec, TrainingCost } from '../../job/job.ts';
import { deriveSeed } from '../../core/random.ts';
import { costOf } from '../../search/one-job/course.ts';
import { mixtureCourse } from '../../search/one-job/mixture.ts';
import type { OneJobName } from '../../search/one-job/registry.ts';
import { countMultiplyAdds, parameterNames } from '../layers/counting.ts';
import { batchAt, type BatchPipeline } from '../../task/images/batches.ts';
import type { TrainingProgram } from '../program.ts';
import { learningRate } from '../optimizers/schedules.ts';
import { supernetOf } from '../supernets/registry.ts';
import { describeSupernet, supernetVariables, type Supernet } from '../supernets/supernet.ts';
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
import { courseOf, type Place } from './segments.ts';
import { splitVariables } from '../networks/split-variables.ts';
import { tensorTaskOf } from '../tasks/registry.ts';
import { imageSpec, searchImages } from '../tasks/images/image-data.ts';
import type { Tally } from '../tasks/tensor-task.ts';
import { emptyTally, evaluatedTally } from './tally.ts';
import { amended, noEpochs, trained, validationScores, type TrainingEpochs } from './training-epochs.ts';
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
  supernet: Supernet,
  architecture: Architecture,
): Required<Pick<CurvePoint, 'edgeWeights' | 'skipConnects'>> => {
  const skip = supernet.operations.indexOf('skip_connect');
  const path = supernet.encodePath(supernet.derive(architecture));
  let at = 0;
  const skipConnects = mapValues(
    supernet.kinds,
    (edges) => path.slice(at, (at += edges)).filter((operation) => operation === skip).length,
  );
  const edgeWeights = mapValues(architecture, (scores) =>
    scores.map((row) => row.map((w) => Number(w.toFixed(6)))),
  );
  return { edgeWeights, skipConnects };
};

const eigenvalues = (curve: readonly CurvePoint[]): readonly Measurement[] =>
  curve.flatMap(({ epoch, hessianEigenvalue: eigenvalue }) =>
    eigenvalue === undefined ? [] : [{ epoch, eigenvalue }],
  );

/**
 * Stage 1 by gradient descent on a mixture of all operations: DARTS and its relatives. One step is one
 * minibatch, or one pair of minibatches where the alphas have their own.
 *
 * After each epoch the validation images are evaluated with running statistics and the expected edge weights
 * (the softmax of the alphas), which the curve records. The result is one cell, derived from the final
 * alphas; its score is the last validation accuracy of the mixture. With `diagnostics` the curvature in the
 * alphas is measured on one minibatch of the validation part every few epochs, and may end the search early,
 * with the cell of an earlier epoch. Images that do not fill the last minibatch of an epoch are left out of
 * it.
 *
 * @throws InvalidArchitectureError if the supernet cannot be built at this size.
 */
export const mixtureSearch = async (
  spec: SearchSpec,
  supernet: Supernet,
  strategy: MixtureStrategy,
  { tf, data, task }: LearningResources,
): Promise<TrainingProgram> => {
  const { recipe } = spec;
  const { epochs } = recipe;
  const description = describeSupernet(supernet);
  const images = searchImages(await data.open('train'), spec);
  const { train, validation, whole } = images;
  const parts = { train, validation, 'train+validation': whole };
  const { trainsOn, searchesOn } = strategy.plan;
  const feed = images.training(parts[trainsOn], 'data');
  const { batchesPerEpoch } = feed;
  const searchFeed = searchesOn && images.training(parts[searchesOn], 'search-data');
  const evaluationFeed = images.inOrder();
  const { diagnosis } = strategy.plan;
  const diagnosisFeed = diagnosis && images.drawn('diagnosis-data');
  const course = courseOf(mixtureCourse(strategy.plan, recipe, images.counts));
  const variables = supernetVariables(supernet, deriveSeed(spec.seed, 'weights'));
  const network = splitVariables(variables, parameterNames(description));
  const mixture = {
    supernet,
    recipe: imageSpec(spec).recipe,
    network,
    seed: deriveSeed(spec.seed, 'alphas'),
    diagnosed: diagnosis !== undefined,
  };
  const compiled = await compileMixture(tf, strategy, mixture, feed.shape, task);
  const alphas = Object.values(supernet.kinds).reduce(
    (sum, edges) => sum + edges * supernet.operations.length,
    0,
  );

  const searchOne = async (state: State, at: Place): Promise<Done<State>> => {
    const update = at.index * batchesPerEpoch + at.unit;
    const training = await batchAt(feed, update);
    const search = searchFeed && (await batchAt(searchFeed, update));
    const rate = learningRate(recipe, update, batchesPerEpoch);
    const latest = compiled.step({
      training,
      ...(search && { search }),
      learningRate: rate,
      inputs: strategy.inputsAt(update, batchesPerEpoch),
    });
    const minibatch = {
      update,
      learningRate: rate,
      tally: latest,
      batches: search ? [training, search] : [training],
      describe: () => describeArchitecture(supernet, compiled.architecture()),
    };
    return { state: { ...state, ...trained(task, state, at, minibatch) }, latest };
  };

  const evaluateOne = (state: State, { unit, isLastUnit }: Place): Done<State> => {
    const latest = compiled.evaluate(evaluationFeed.batch(0, unit));
    const evaluation = evaluatedTally(state.evaluation, unit, latest, 'validation loss of the mixture');
    const curve = isLastUnit ? amended(state.curve, validationScores(task, evaluation)) : state.curve;
    return { state: { ...state, evaluation, curve }, latest };
  };

  /**
   * The epoch whose cell is the result, from 1: the last one, or an earlier one where the search was stopped.
   */
  const resultEpoch = ({ curve }: State): number =>
    (strategy.stopsEarly && stoppedAt(eigenvalues(curve))) || epochs;

  const diagnoseOne = (state: State, { index: epoch, unit, isLastUnit }: Place): Done<State> => {
    const batch = (diagnosisFeed as BatchPipeline).batch(epoch, 0);
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
      costOf(mixtureCourse(strategy.plan, { ...recipe, epochs: length }, images.counts)),
      countMultiplyAdds(description),
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
            genotype: supernet.space.print(supernet.derive(architecture)),
            score: point.validationAccuracy as number,
          },
        ],
        curve: state.curve,
        cost: spent(state),
        weightsSha256: hashWeights(compiled.read()),
      };
    },
    dispose: () => {
      void feed.close();
      void searchFeed?.close();
      compiled.dispose();
    },
  });
};

/** The program of a search on a mixture, from the way in which it moves weights and alphas. */
export const mixtureProgram = <Name extends OneJobName>(
  strategyOf: (spec: SearchSpec<Name>, supernet: Supernet, resources: LearningResources) => MixtureStrategy,
): OneJobProgram<Name> => ({
  create: (spec, resources) => {
    const { shape, classes } = resources.data;
    const supernet = supernetOf(spec.space.name, { size: imageSpec(spec).network, image: shape, classes });
    return mixtureSearch(spec, supernet, strategyOf(spec, supernet, resources), resources);
  },
  multiplyAdds: ({ space, network, recipe, data }, manifest) => {
    const { multiplyAdds } = tensorTaskOf(data.task).describeMixture(manifest, {
      space,
      size: network,
      recipe,
    });
    return () => multiplyAdds;
  },
});
