import type { ImageRecipe } from '../../task/images/recipe.ts';
import type { Recipe } from '../../task/recipe.ts';

const warmedUp = (recipe: Recipe, position: number, warmupEpochs: number, base: number): number =>
  position < warmupEpochs ? (recipe.optimizer.learningRate * position) / warmupEpochs : base;

const cosine = (from: number, to: number, progress: number): number =>
  to + ((from - to) * (1 + Math.cos(Math.PI * progress))) / 2;

/** Position in the restart period that contains `epoch`, as a fraction of it. */
const restartProgress = (epoch: number, firstPeriod: number, multiplier: number): number => {
  let start = 0;
  let period = firstPeriod;
  while (epoch >= start + period) {
    start += period;
    period *= multiplier;
  }
  return (epoch - start) / period;
};

/**
 * Learning rate of a training step (counted from 0). Schedules change once an epoch, as the published recipes
 * do; only warm-up is linear in steps.
 */
export const learningRate = (recipe: Recipe, step: number, stepsPerEpoch: number): number => {
  const { schedule } = recipe;
  const base = recipe.optimizer.learningRate;
  const epoch = Math.floor(step / stepsPerEpoch);
  const position = (step + 1) / stepsPerEpoch;
  switch (schedule.kind) {
    case 'constant':
      return base;
    case 'cosine':
      return warmedUp(
        recipe,
        position,
        schedule.warmupEpochs,
        cosine(base, schedule.minLearningRate, Math.min(1, epoch / recipe.epochs)),
      );
    case 'step':
      return warmedUp(
        recipe,
        position,
        schedule.warmupEpochs,
        base * schedule.factor ** Math.floor(epoch / schedule.everyEpochs),
      );
    case 'milestones':
      return warmedUp(
        recipe,
        position,
        schedule.warmupEpochs,
        base * schedule.factor ** schedule.epochs.filter((milestone) => milestone <= epoch).length,
      );
    case 'sgdr':
      return cosine(
        base,
        schedule.minLearningRate,
        restartProgress(epoch, schedule.firstPeriodEpochs, schedule.periodMultiplier),
      );
  }
};

/**
 * Drop-path probability of a step: it rises linearly to the recipe's over the epochs (Zoph et al. 2018,
 * §A.7).
 */
export const dropPathProbability = (
  recipe: Pick<ImageRecipe, 'dropPath' | 'epochs'>,
  step: number,
  stepsPerEpoch: number,
): number => (recipe.dropPath * Math.floor(step / stepsPerEpoch)) / recipe.epochs;
