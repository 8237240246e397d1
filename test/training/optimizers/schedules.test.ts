import { describe, expect, it } from 'vitest';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import type { ImageRecipe } from '../../../nas/task/images/recipe.ts';
import { learningRate } from '../../../nas/training/optimizers/schedules.ts';
import { dropPathProbability } from '../../../nas/training/tasks/images/image-model.ts';

const recipe = (schedule: unknown, extra: object = {}): ImageRecipe =>
  recipeSchema.parse({ epochs: 10, optimizer: { kind: 'sgd', learningRate: 0.1 }, schedule, ...extra });
const STEPS = 5;
const rates = (r: ImageRecipe, epochs: number): number[] =>
  Array.from({ length: epochs }, (_, epoch) => learningRate(r, epoch * STEPS, STEPS));

describe('learningRate', () => {
  it('is constant', () => expect(new Set(rates(recipe({ kind: 'constant' }), 10))).toEqual(new Set([0.1])));

  it('follows a cosine from the first epoch to its minimum, once an epoch', () => {
    const r = recipe({ kind: 'cosine', minLearningRate: 0.01 });
    expect(learningRate(r, 0, STEPS)).toBeCloseTo(0.1);
    expect(learningRate(r, STEPS - 1, STEPS)).toBe(learningRate(r, 0, STEPS));
    expect(learningRate(r, 5 * STEPS, STEPS)).toBeCloseTo(0.055);
    expect(learningRate(r, 10 * STEPS, STEPS)).toBeCloseTo(0.01);
  });

  it('warms up linearly in steps', () => {
    const r = recipe({ kind: 'cosine', warmupEpochs: 2 });
    expect(learningRate(r, 0, STEPS)).toBeCloseTo(0.01);
    expect(learningRate(r, 4, STEPS)).toBeCloseTo(0.05);
    expect(learningRate(r, 8, STEPS)).toBeCloseTo(0.09);
  });

  it('steps', () => {
    const r = recipe({ kind: 'step', everyEpochs: 3, factor: 0.1 });
    expect(rates(r, 7).map((rate) => Number(rate.toFixed(6)))).toEqual([
      0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001,
    ]);
  });

  it('drops at each milestone, before it with the rate of the epoch before', () => {
    // FractalNet's 400 epochs: the rate drops whenever half of the epochs that are left have passed.
    const r = recipe({ kind: 'milestones', epochs: [200, 300, 350, 375], factor: 0.1 }, { epochs: 400 });
    const edges: readonly (readonly [number, number])[] = [
      [0, 0.1],
      [199, 0.1],
      [200, 0.01],
      [299, 0.01],
      [300, 1e-3],
      [349, 1e-3],
      [350, 1e-4],
      [374, 1e-4],
      [375, 1e-5],
      [399, 1e-5],
    ];
    for (const [epoch, rate] of edges) {
      expect(learningRate(r, epoch * STEPS, STEPS)).toBeCloseTo(rate, 12);
      expect(learningRate(r, epoch * STEPS + STEPS - 1, STEPS)).toBeCloseTo(rate, 12);
    }
  });

  it('warms up to the first milestone', () => {
    const r = recipe({ kind: 'milestones', epochs: [3], factor: 0.5, warmupEpochs: 2 });
    expect(rates(r, 5).map((rate) => Number(rate.toFixed(6)))).toEqual([0.01, 0.06, 0.1, 0.05, 0.05]);
  });

  it.each([[[]], [[0, 3]], [[3, 3]], [[4, 3]], [[2.5]]])('refuses the milestones %j', (epochs) => {
    expect(() => recipe({ kind: 'milestones', epochs, factor: 0.1 })).toThrow();
  });

  it('restarts with doubling periods', () => {
    const r = recipe({ kind: 'sgdr', firstPeriodEpochs: 2, periodMultiplier: 2 }, { epochs: 14 });
    const second = Array.from({ length: 14 }, (_, epoch) => learningRate(r, epoch * STEPS + 1, STEPS));
    const starts = second.flatMap((rate, epoch) => (Math.abs(rate - 0.1) < 1e-12 ? [epoch] : []));
    expect(starts).toEqual([0, 2, 6]);
  });

  it('takes the first step of a restart at the rate of where the old period would be in the new one', () => {
    const r = recipe({ kind: 'sgdr', firstPeriodEpochs: 2, periodMultiplier: 2 }, { epochs: 14 });
    expect(learningRate(r, 0, STEPS)).toBeCloseTo(0.1, 12);
    for (const epoch of [2, 6]) expect(learningRate(r, epoch * STEPS, STEPS)).toBeCloseTo(0.05, 12);
  });
});

describe('dropPathProbability', () => {
  it('rises linearly over the epochs', () => {
    const r = recipe({ kind: 'constant' }, { dropPath: 0.2 });
    expect(dropPathProbability(r, 0, STEPS)).toBe(0);
    expect(dropPathProbability(r, 5 * STEPS + 3, STEPS)).toBeCloseTo(0.1);
  });

  it('rises with every step where the recipe says so, to the whole at the last', () => {
    const r = recipe({ kind: 'constant' }, { dropPath: 0.2, dropPathRises: 'step' });
    expect(dropPathProbability(r, 0, STEPS)).toBeCloseTo(0.2 / 50, 12);
    expect(dropPathProbability(r, 24, STEPS)).toBeCloseTo(0.1, 12);
    expect(dropPathProbability(r, 49, STEPS)).toBeCloseTo(0.2, 12);
  });
});
