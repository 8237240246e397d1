import type { CurvePoint } from '../../job/program-result.ts';
import type { Minibatch } from '../tasks/feed.ts';
import type { Objective, Tally } from '../tasks/tensor-task.ts';
import { digestBatch } from './data-digest.ts';
import type { Place } from './segments.ts';
import { addTallies, emptyTally, meanLoss, trainingPoint } from './tally.ts';

/** What a program's state holds of its training epochs. */
export type TrainingEpochs = {
  /** Of the epoch under way. */
  readonly training: Tally;
  /** One point for each finished epoch. */
  readonly curve: readonly CurvePoint[];
  /** See `digestBatch`. */
  readonly dataDigest: string;
};

export const noEpochs = (task: Objective): TrainingEpochs => ({
  training: emptyTally(task),
  curve: [],
  dataDigest: '',
});

/** A minibatch that was trained on. */
interface TrainedMinibatch {
  /** Minibatches before it, in all epochs. */
  readonly update: number;
  readonly learningRate: number;
  readonly tally: Tally;
  /** All data that the step used. */
  readonly batches: readonly Minibatch[];
  /** More of the epoch's point, where the minibatch ends one. */
  readonly describe?: () => Partial<CurvePoint>;
}

/** The epochs after a minibatch; the index of its place is its epoch. */
export const trained = (
  task: Objective,
  { training: before, curve, dataDigest }: TrainingEpochs,
  { index: epoch, isLastUnit }: Place,
  { update, learningRate, tally, batches, describe }: TrainedMinibatch,
): TrainingEpochs => {
  const training = addTallies(before, tally);
  const point = (): CurvePoint => ({
    ...trainingPoint(task, epoch, update, training, learningRate),
    ...describe?.(),
  });
  return {
    dataDigest: batches.reduce(digestBatch, dataDigest),
    training: isLastUnit ? emptyTally(task) : training,
    curve: isLastUnit ? [...curve, point()] : curve,
  };
};

/** A curve whose last point says more. */
export const amended = (curve: readonly CurvePoint[], change: Partial<CurvePoint>): readonly CurvePoint[] => [
  ...curve.slice(0, -1),
  { ...(curve.at(-1) as CurvePoint), ...change },
];

/** What the point of an epoch says of the validation data after it. */
export const validationScores = (
  task: Objective,
  evaluation: Tally,
): Required<Pick<CurvePoint, 'validationLoss' | 'validationAccuracy'>> => ({
  validationLoss: meanLoss(task, evaluation),
  validationAccuracy: task.score(evaluation),
});
