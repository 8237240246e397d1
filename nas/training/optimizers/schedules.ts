import type { Recipe } from '../../task/recipe.ts';

const warmedUp = (recipe: Recipe, position: number, warmupEpochs: number, base: number): number =>
  position < warmupEpochs ? (recipe.optimizer.learningRate * position) / warmupEpochs : base;

const cosine = (from: number, to: number, progress: number): number =>
  to + ((from - to) * (1 + Math.cos(Math.PI * progress))) / 2;

/** The restart period that contains `epoch`: how many came before it, and the place in it as a fraction. */
const restartPeriod = (
  epoch: number,
  firstPeriod: number,
  multiplier: number,
): { readonly restarts: number; readonly progress: number } => {
  let start = 0;
  let period = firstPeriod;
  let restarts = 0;
  while (epoch >= start + period) {
    start += period;
    period *= multiplier;
    restarts += 1;
  }
  return { restarts, progress: (epoch - start) / period };
};

/**
 * How far the cosine of ENAS' code is (melodyguan/enas 4bcfd73, `utils.py:162–183`): its place in the period,
 * but in the first step of a restart, which still counts from the restart before, that of the old period's
 * length in the new period.
 */
const restartProgress = (
  step: number,
  stepsPerEpoch: number,
  firstPeriod: number,
  multiplier: number,
): number => {
  const period = (epoch: number) => restartPeriod(epoch, firstPeriod, multiplier);
  const epoch = Math.floor(step / stepsPerEpoch);
  const { restarts, progress } = period(epoch);
  const restartsNow = step % stepsPerEpoch === 0 && epoch > 0 && restarts > period(epoch - 1).restarts;
  return restartsNow ? 1 / multiplier : progress;
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
    case 'exponential':
      return base * schedule.factor ** Math.max(0, epoch - schedule.afterEpochs);
    case 'sgdr':
      return cosine(
        base,
        schedule.minLearningRate,
        restartProgress(step, stepsPerEpoch, schedule.firstPeriodEpochs, schedule.periodMultiplier),
      );
  }
};
