import { stepsBefore } from '../../core/cut.ts';
import type { Recipe } from '../../task/recipe.ts';
import type { StepPlace } from '../graph/scheduled.ts';
import { learningRate as rateAt } from '../optimizers/schedules.ts';
import type { Feed, Minibatch } from '../tasks/feed.ts';
import type { Place } from './segments.ts';

/** What a training step is given. */
interface TrainingStep {
  readonly batch: Minibatch;
  /** By the recipe's schedule, and by what the minibatch asks for. */
  readonly learningRate: number;
  readonly place: StepPlace;
}

/** The training steps of a feed: that at a place whose index is its epoch. */
export const trainingStep = (feed: Feed, recipe: Recipe): ((at: Place) => Promise<TrainingStep>) => {
  let known = { epoch: 0, before: 0 };
  const before = (epoch: number): number => {
    if (known.epoch !== epoch) known = { epoch, before: stepsBefore(feed, epoch) };
    return known.before;
  };
  return async ({ index: epoch, unit }) => {
    const steps = feed.steps(epoch);
    const batch = await feed.batch(epoch, unit);
    return {
      batch,
      learningRate: rateAt(recipe, epoch * steps + unit, steps) * (batch.rateScale ?? 1),
      place: { update: before(epoch) + unit, epoch, index: unit, steps },
    };
  };
};
