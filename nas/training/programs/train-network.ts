import type { TrainingCost, TrainResult } from '../../job/program-result.ts';
import type { TrainNetworkSpec } from '../../job/program-spec.ts';
import { deriveSeed } from '../../core/random.ts';
import type { TrainingProgram } from '../program.ts';
import { compileModel, hashWeights } from './compiled-model.ts';
import { courseProgram, type Done } from './course-program.ts';
import { costOfPasses, scoredEpochs, trainingPasses, validatedEpochs } from './passes.ts';
import type { LearningResources } from './resources.ts';
import { courseOf, type Place, type Segment } from './segments.ts';
import type { Feed } from '../tasks/feed.ts';
import type { NetworkToTrain, Tally } from '../tasks/tensor-task.ts';
import { emptyTally, evaluatedTally, meanLoss } from './tally.ts';
import { amended, noEpochs, trained, validationScores, type TrainingEpochs } from './training-epochs.ts';
import { trainingStep } from './training-step.ts';

type Kind = 'training' | 'validating' | 'evaluating';

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
 * own; stage 3 opens the test split once, after the last epoch. Where the spec says `validateEvery`, the
 * validation part is evaluated as often as that, in stage 3 too, and an optimiser that turns by it may do so. Examples that do not fill the last minibatch
 * of an epoch are left out of that epoch. A network that can make a specimen of what it has learnt makes one
 * in stage 3.
 */
export const trainNetwork = async (
  spec: TrainNetworkSpec,
  network: NetworkToTrain,
  { tf, data, task }: LearningResources,
): Promise<TrainingProgram> => {
  const { recipe, scoreOfLast = 1, evaluateOn } = spec;
  const feeds = await task.open(data, spec, 'training');
  const feed = feeds.training(spec.trainOn, 'data');
  const evaluationFeed = feeds.inOrder(evaluateOn);
  const scoredAfter = scoredEpochs(spec);
  const validatedAfter = validatedEpochs(spec);
  const validationFeed = validatedAfter.length === 0 ? undefined : feeds.inOrder('validation');
  const length = scoredAfter.at(-1) ?? recipe.epochs;
  const course = courseOf(
    Array.from({ length }, (_, epoch): Segment<Kind>[] => [
      { kind: 'training', index: epoch, units: feed.steps(epoch) },
      ...(validationFeed !== undefined && validatedAfter.includes(epoch + 1)
        ? [{ kind: 'validating', index: epoch, units: validationFeed.steps(0) } as const]
        : []),
      ...(scoredAfter.includes(epoch + 1)
        ? [{ kind: 'evaluating', index: epoch, units: evaluationFeed.steps(0) } as const]
        : []),
    ]).flat(),
  );
  const evaluated = [evaluationFeed, ...(validationFeed === undefined ? [] : [validationFeed])];
  const compiled = await compileModel(
    tf,
    network.model,
    recipe,
    { train: [feed], evaluate: evaluated },
    task,
  );
  const stepAt = trainingStep(feed, recipe);

  const trainOne = async (state: State, at: Place): Promise<Done<State>> => {
    const { batch, learningRate, place } = await stepAt(at);
    const seed = [deriveSeed(spec.seed, 'masks'), place.update] as const;
    const latest = compiled.train(feed, batch, { learningRate, seed, place });
    const minibatch = { update: place.update, learningRate, tally: latest, batches: [batch] };
    return { state: { ...state, ...trained(task, state, at, minibatch) }, latest };
  };

  const evaluating =
    (of: Feed, isValidation: boolean) =>
    async (state: State, { unit, isLastUnit }: Place): Promise<Done<State>> => {
      const latest = compiled.evaluate(of, await of.batch(0, unit));
      const evaluation = evaluatedTally(state.evaluation, unit, latest, 'evaluation loss');
      const measured = isLastUnit && isValidation;
      const curve = measured ? amended(state.curve, validationScores(task, evaluation)) : state.curve;
      if (measured) compiled.turn(curve.flatMap(({ validationLoss }) => validationLoss ?? []));
      return { state: { ...state, evaluation, curve }, latest };
    };

  const cost = (): TrainingCost => costOfPasses(trainingPasses(spec, feeds.cuts), network.multiplyAdds);
  const { inference } = network;
  const specimen = evaluateOn === 'test' ? await network.specimen?.() : undefined;

  return courseProgram<Kind, State>({
    task,
    course,
    initial: { ...noEpochs(task), evaluation: emptyTally(task) },
    units: {
      training: trainOne,
      validating: evaluating(validationFeed ?? evaluationFeed, true),
      evaluating: evaluating(evaluationFeed, evaluateOn === 'validation'),
    },
    read: () => compiled.read(),
    write: (tensors) => compiled.write(tensors),
    result: ({ evaluation, curve }): TrainResult => ({
      kind: 'train',
      genotype: spec.genotype,
      evaluatedOn: evaluateOn,
      accuracy: Math.max(
        task.score(evaluation),
        ...(evaluateOn === 'validation'
          ? curve.slice(-scoreOfLast).flatMap(({ validationAccuracy }) => validationAccuracy ?? [])
          : []),
      ),
      loss: meanLoss(task, evaluation),
      curve,
      parameters: network.parameters,
      multiplyAdds: network.multiplyAdds,
      activationBytes: feed.size(0, 0) * network.activationBytes,
      cost: cost(),
      weightsSha256: hashWeights(compiled.read()),
      ...(specimen && { specimen: specimen(compiled.network()) }),
    }),
    ...(inference && { inference: () => inference(compiled.read()) }),
    dispose: () => {
      void feed.close();
      for (const of of evaluated) void of.close();
      compiled.dispose();
    },
  });
};
