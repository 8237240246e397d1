import type { CurvePoint, TrainingCost } from '../../job/job.ts';
import { DivergedError } from '../program.ts';

/** Sums over the images of a pass; plain JSON, part of a program's state. */
export type Tally = {
  /** Sum of the images' losses, nats. */
  readonly loss: number;
  readonly correct: number;
  readonly images: number;
};

export const emptyTally: Tally = { loss: 0, correct: 0, images: 0 };

export const addTallies = (a: Tally, b: Tally): Tally => ({
  loss: a.loss + b.loss,
  correct: a.correct + b.correct,
  images: a.images + b.images,
});

/** Mean loss in nats. */
export const meanLoss = ({ loss, images }: Tally): number => loss / images;

/**
 * Evaluation so far, `unit` minibatches of it done before `latest`.
 *
 * @throws DivergedError if the loss of `latest` is not finite; `what` says whose it is.
 */
export const evaluatedTally = (before: Tally, unit: number, latest: Tally, what: string): Tally => {
  if (!Number.isFinite(latest.loss))
    throw new DivergedError(`${what} is ${latest.loss}: the running statistics or weights overflowed`);
  return addTallies(unit === 0 ? emptyTally : before, latest);
};

/** A cost so far and `count` images more, of `multiplyAdds` forward each; a backward pass counts as two `passes`. */
export const addCost = (
  cost: TrainingCost,
  count: number,
  passes: number,
  multiplyAdds: number,
): TrainingCost => ({
  multiplyAdds: cost.multiplyAdds + passes * count * multiplyAdds,
  images: cost.images + count,
});

/** What scoring keeps of a tally: an untrained path's loss may overflow, its accuracy cannot. */
export type Score = Pick<Tally, 'correct' | 'images'>;

/** Scores in the order of scoring, of which only the last, number `index`, is not yet whole, and one minibatch more of it. */
export const scoredAt = (
  scores: readonly Score[],
  index: number,
  { correct, images }: Score,
): readonly Score[] => {
  const before = scores[index] ?? { correct: 0, images: 0 };
  return [...scores.slice(0, index), { correct: before.correct + correct, images: before.images + images }];
};

/** Fraction in [0, 1]. */
export const accuracyOf = ({ correct, images }: Score): number => correct / images;

/** A learning curve's point from the tally of an epoch so far; `epoch` and `update` count from 0. */
export const trainingPoint = (
  epoch: number,
  update: number,
  tally: Tally,
  learningRate: number,
): Required<Pick<CurvePoint, 'epoch' | 'step' | 'trainLoss' | 'trainAccuracy' | 'learningRate'>> => ({
  epoch: epoch + 1,
  step: update + 1,
  trainLoss: meanLoss(tally),
  trainAccuracy: accuracyOf(tally),
  learningRate,
});
