import type { TrainingCost, TrainNetworkSpec, TrainResult } from '../../job/job.ts';
import { deriveSeed } from '../../core/random.ts';
import { batchAt } from '../../task/images/batches.ts';
import type { TrainingProgram } from '../program.ts';
import { dropPathProbability, learningRate } from '../optimizers/schedules.ts';
import { compileClassifier, hashWeights } from './compiled-model.ts';
import { courseProgram, type Done } from './course-program.ts';
import { compileInference } from '../tasks/images/inference.ts';
import { costOfPasses, scoredEpochs, trainingPasses } from './passes.ts';
import type { LearningResources } from './resources.ts';
import { courseOf, type Place, type Segment } from './segments.ts';
import { imageSpec } from '../tasks/images/image-data.ts';
import type { Feed, NetworkToTrain, Tally } from '../tasks/tensor-task.ts';
import { emptyTally, evaluatedTally, meanLoss } from './tally.ts';
import { amended, noEpochs, trained, validationScores, type TrainingEpochs } from './training-epochs.ts';

type State = TrainingEpochs & {
  readonly evaluation: Tally;
};

/**
 * Stages 2 and 3: trains one network from scratch by a recipe. One step is one minibatch of training or of
 * evaluation.
 *
 * Stage 2 trains on the training part of the split and evaluates on the validation part after each of at most
 * 20 evenly spaced epochs; a trial of stage 1 does the same, or is scored after the epochs of its rungs and
 * ends with the last, so that a longer one of the same network takes the same steps and goes on from its end;
 * with `scoreOfLast` it is also evaluated after each of its last epochs, and the best of these scores is its
 * own; stage 3 trains on both parts and opens the test split once, after the last epoch. Examples that do not
 * fill the last minibatch of an epoch are left out of that epoch.
 */
export const trainNetwork = async <Data>(
  spec: TrainNetworkSpec,
  network: NetworkToTrain,
  { tf, data, task }: LearningResources<Data>,
): Promise<TrainingProgram> => {
  const { recipe } = spec;
  const { epochs, batchSize } = recipe;
  const { scoreOfLast = 1 } = spec;
  const { counts, training, evaluation: inOrder } = await task.open(data, spec);
  const feed = training(spec.trainOn, 'data');
  const { batchesPerEpoch } = feed;
  const evaluated = counts[spec.evaluateOn];
  const scoredAfter = scoredEpochs(spec);
  const length = scoredAfter.at(-1) ?? epochs;
  const course = courseOf(
    Array.from({ length }, (_, epoch): Segment<'training' | 'evaluating'>[] => [
      { kind: 'training', index: epoch, units: batchesPerEpoch },
      ...(scoredAfter.includes(epoch + 1)
        ? [{ kind: 'evaluating', index: epoch, units: Math.ceil(evaluated / batchSize) } as const]
        : []),
    ]).flat(),
  );
  const compiled = await compileClassifier(tf, network.classifier, imageSpec(spec).recipe, feed.shape, task);

  let evaluationFeed: Feed | undefined;

  const trainOne = async (state: State, at: Place): Promise<Done<State>> => {
    const update = at.index * batchesPerEpoch + at.unit;
    const batch = await batchAt(feed, update);
    const rate = learningRate(recipe, update, batchesPerEpoch);
    const latest = compiled.train(batch, {
      learningRate: rate,
      dropPath: dropPathProbability(imageSpec(spec).recipe, update, batchesPerEpoch),
      seed: [deriveSeed(spec.seed, 'masks'), update],
    });
    const minibatch = { update, learningRate: rate, tally: latest, batches: [batch] };
    return { state: { ...state, ...trained(task, state, at, minibatch) }, latest };
  };

  const evaluateOne = async (state: State, { unit, isLastUnit }: Place): Promise<Done<State>> => {
    evaluationFeed ??= await inOrder(spec.evaluateOn);
    const latest = compiled.evaluate(await evaluationFeed.batch(0, unit));
    const evaluation = evaluatedTally(state.evaluation, unit, latest, 'evaluation loss');
    const measured = isLastUnit && spec.evaluateOn === 'validation';
    const curve = measured ? amended(state.curve, validationScores(task, evaluation)) : state.curve;
    return { state: { ...state, evaluation, curve }, latest };
  };

  const cost = (): TrainingCost => costOfPasses(trainingPasses(spec, counts), network.multiplyAdds);

  return courseProgram<'training' | 'evaluating', State>({
    task,
    course,
    initial: { ...noEpochs(task), evaluation: emptyTally(task) },
    units: { training: trainOne, evaluating: evaluateOne },
    read: () => compiled.read(),
    write: (tensors) => compiled.write(tensors),
    result: ({ evaluation, curve }): TrainResult => ({
      kind: 'train',
      genotype: spec.genotype,
      evaluatedOn: spec.evaluateOn,
      accuracy: Math.max(
        task.score(evaluation),
        ...curve.slice(-scoreOfLast).flatMap(({ validationAccuracy }) => validationAccuracy ?? []),
      ),
      loss: meanLoss(evaluation),
      curve,
      parameters: network.parameters,
      multiplyAdds: network.multiplyAdds,
      activationBytes: batchSize * network.activationBytes,
      cost: cost(),
      weightsSha256: hashWeights(compiled.read()),
    }),
    inference: () => compileInference(tf, network.classifier, recipe, compiled.read(), feed.shape.slice(1)),
    dispose: () => {
      void feed.close();
      void evaluationFeed?.close();
      compiled.dispose();
    },
  });
};
