import type { TrainingCost, TrainNetworkSpec, TrainResult } from '../../job/job.ts';
import { deriveSeed } from '../../core/random.ts';
import { batchAt } from '../../task/images/batches.ts';
import { createPrefetchedPipeline, type PrefetchedPipeline } from '../../task/images/prefetch.ts';
import type { TrainingProgram } from '../program.ts';
import { dropPathProbability, learningRate } from '../optimizers/schedules.ts';
import type { Classifier } from '../networks/classifier.ts';
import { compileClassifier, hashWeights } from './compiled-classifier.ts';
import { courseProgram, type Done } from './course-program.ts';
import { compileInference } from './inference.ts';
import { costOfPasses, scoredEpochs, trainingPasses } from './passes.ts';
import type { ProgramResources } from './resources.ts';
import { courseOf, type Place, type Segment } from './segments.ts';
import { accuracyOf, emptyTally, evaluatedTally, meanLoss, type Tally } from './tally.ts';
import { taskImages } from './task-images.ts';
import { amended, noEpochs, trained, validationScores, type TrainingEpochs } from './training-epochs.ts';

/** What the network to train is, and what it costs. */
export interface NetworkToTrain {
  readonly classifier: Classifier;
  /** Weights of the network as it is used after training: without the auxiliary head. */
  readonly parameters: number;
  /** Of one image, forward, without the auxiliary head. */
  readonly multiplyAdds: number;
  /** Intermediate results of one image in training. */
  readonly activationBytes: number;
}

type State = TrainingEpochs & {
  readonly evaluation: Tally;
};

/**
 * Stages 2 and 3: trains one network from scratch by a recipe. One step is one minibatch of training or of evaluation.
 *
 * Stage 2 trains on the training part of the split and evaluates on the validation part after each of at most 20
 * evenly spaced epochs; a trial of stage 1 does the same, or is scored after the epochs of its rungs and ends with the last, so
 * that a longer one of the same network takes the same steps and goes on from its end; with `scoreOfLast` it is also evaluated
 * after each of its last epochs, and the best of these accuracies is its own; stage 3 trains on both parts and opens the test
 * split once, after the last epoch. Images that do not fill the last minibatch of an epoch are left out of that epoch.
 */
export const trainNetwork = async (
  spec: TrainNetworkSpec,
  network: NetworkToTrain,
  { tf, data }: ProgramResources,
): Promise<TrainingProgram> => {
  const { recipe } = spec;
  const { epochs, batchSize } = recipe;
  const { scoreOfLast = 1 } = spec;
  const read = data.stream ?? data.open;
  const images = await read('train');
  const { train, validation, whole, training } = taskImages(images, spec);
  const feed = training(spec.trainOn === 'train' ? train : whole, 'data');
  const { batchesPerEpoch } = feed;
  const evaluated = spec.evaluateOn === 'validation' ? validation.length : data.counts.test;
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
  const compiled = await compileClassifier(tf, network.classifier, recipe, feed.shape);

  let evaluationFeed: PrefetchedPipeline | undefined;
  const openEvaluation = async (): Promise<PrefetchedPipeline> => {
    const source = spec.evaluateOn === 'validation' ? images : await read('test');
    const indices = spec.evaluateOn === 'validation' ? validation : Int32Array.from(source.labels.keys());
    return createPrefetchedPipeline(source, indices, {
      batchSize,
      mode: 'evaluate',
      augmentation: spec.data.augmentation,
      seed: 0,
    });
  };

  const trainOne = async (state: State, at: Place): Promise<Done<State>> => {
    const update = at.index * batchesPerEpoch + at.unit;
    const batch = await batchAt(feed, update);
    const rate = learningRate(recipe, update, batchesPerEpoch);
    const latest = compiled.train(batch, {
      learningRate: rate,
      dropPath: dropPathProbability(recipe, update, batchesPerEpoch),
      seed: [deriveSeed(spec.seed, 'masks'), update],
    });
    const minibatch = { update, learningRate: rate, tally: latest, batches: [batch] };
    return { state: { ...state, ...trained(state, at, minibatch) }, latest };
  };

  const evaluateOne = async (state: State, { unit, isLastUnit }: Place): Promise<Done<State>> => {
    evaluationFeed ??= await openEvaluation();
    const latest = compiled.evaluate(await evaluationFeed.batch(0, unit));
    const evaluation = evaluatedTally(state.evaluation, unit, latest, 'evaluation loss');
    const measured = isLastUnit && spec.evaluateOn === 'validation';
    const curve = measured ? amended(state.curve, validationScores(evaluation)) : state.curve;
    return { state: { ...state, evaluation, curve }, latest };
  };

  const counts = { train: train.length, validation: validation.length, test: data.counts.test };
  const cost = (): TrainingCost => costOfPasses(trainingPasses(spec, counts), network.multiplyAdds);

  return courseProgram<'training' | 'evaluating', State>({
    course,
    initial: { ...noEpochs, evaluation: emptyTally },
    units: { training: trainOne, evaluating: evaluateOne },
    read: () => compiled.read(),
    write: (tensors) => compiled.write(tensors),
    result: ({ evaluation, curve }): TrainResult => ({
      kind: 'train',
      genotype: spec.genotype,
      evaluatedOn: spec.evaluateOn,
      accuracy: Math.max(
        accuracyOf(evaluation),
        ...curve.slice(-scoreOfLast).map(({ validationAccuracy = 0 }) => validationAccuracy),
      ),
      loss: meanLoss(evaluation),
      curve,
      parameters: network.parameters,
      multiplyAdds: network.multiplyAdds,
      activationBytes: batchSize * network.activationBytes,
      cost: cost(),
      weightsSha256: hashWeights(compiled.read()),
    }),
    inference: () => compileInference(tf, network.classifier, recipe, compiled.read(), data.shape),
    dispose: () => {
      void feed.close();
      void evaluationFeed?.close();
      compiled.dispose();
    },
  });
};
