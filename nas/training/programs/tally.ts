import type { CurvePoint, TrainingCost } from '../../job/program-result.ts';
import { DivergedError } from '../program.ts';
import type { Objective, Score, Tally } from '../tasks/tensor-task.ts';

type Named = Pick<Objective, 'sumNames' | 'countName'>;

/** The sums of a minibatch of `count` examples, as a compiled function gives them. */
export const tallyOf = (
  { sumNames, countName }: Named,
  loss: number,
  value: (name: string) => number,
  count: number,
): Tally => ({
  loss,
  ...Object.fromEntries(sumNames.map((name) => [name, value(name)])),
  [countName]: count,
});

/** Before the first minibatch. */
export const emptyTally = (task: Named): Tally => tallyOf(task, 0, () => 0, 0);

const added = <Sums extends Score>(a: Sums, b: Sums): Sums =>
  Object.fromEntries(Object.entries(a).map(([name, sum]) => [name, sum + (b[name] ?? 0)])) as Sums;

export const addTallies = (a: Tally, b: Tally): Tally => added(a, b);

/** Mean loss. */
export const meanLoss = ({ countName }: Pick<Objective, 'countName'>, tally: Tally): number =>
  tally.loss / (tally[countName] as number);

/**
 * Evaluation so far, `unit` minibatches of it done before `latest`.
 *
 * @throws DivergedError if the loss of `latest` is not finite; `what` says whose it is.
 */
export const evaluatedTally = (before: Tally, unit: number, latest: Tally, what: string): Tally => {
  if (!Number.isFinite(latest.loss))
    throw new DivergedError(`${what} is ${latest.loss}: the running statistics or weights overflowed`);
  return unit === 0 ? latest : addTallies(before, latest);
};

/**
 * A cost so far and `count` examples more, of `multiplyAdds` forward each; a backward pass counts as two
 * `passes`.
 */
export const addCost = (
  cost: TrainingCost,
  count: number,
  passes: number,
  multiplyAdds: number,
): TrainingCost => ({
  multiplyAdds: cost.multiplyAdds + passes * count * multiplyAdds,
  images: cost.images + count,
});

/**
 * Scores in the order of scoring, of which only the last, number `index`, is not yet whole, and one minibatch
 * more of it.
 */
export const scoredAt = (scores: readonly Score[], index: number, latest: Tally): readonly Score[] => {
  const { loss: _, ...sums } = latest;
  const before = scores[index];
  return [...scores.slice(0, index), before === undefined ? sums : added(before, sums)];
};

/** A learning curve's point from the tally of an epoch so far; `epoch` and `update` count from 0. */
export const trainingPoint = (
  task: Pick<Objective, 'score' | 'countName'>,
  epoch: number,
  update: number,
  tally: Tally,
  learningRate: number,
): Required<Pick<CurvePoint, 'epoch' | 'step' | 'trainLoss' | 'trainAccuracy' | 'learningRate'>> => ({
  epoch: epoch + 1,
  step: update + 1,
  trainLoss: meanLoss(task, tally),
  trainAccuracy: task.score(tally),
  learningRate,
});
