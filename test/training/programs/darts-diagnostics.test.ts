import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { ONE_JOB_SEARCHES } from '../../../nas/search/one-job/registry.ts';
import type { SearchResult } from '../../../nas/job/program-result.ts';
import type { SearchSpec } from '../../../nas/job/program-spec.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import {
  powerStep,
  startPowerIteration,
  stoppedAt,
} from '../../../nas/training/programs/hessian-eigenvalue.ts';
import type { Snapshot } from '../../../nas/training/program.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import { tinyData } from './tiny-data.ts';
import { expectForeseen, finish, walk } from './walk.ts';

const { tf } = loadTensorFlow({ threads: 1 });

describe('powerStep', () => {
  it.each([
    [[3, 1, -2], 3],
    [[-5, 4, 1], -5],
  ])('finds the eigenvalue of largest magnitude of diag(%j), with its sign', (diagonal, dominant) => {
    // f = ½ xᵀ Q D Qᵀ x with Q a rotation in the first two coordinates.
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    const turn = ([x = 0, y = 0, z = 0]: readonly number[], sign: number): number[] => [
      c * x - sign * s * y,
      sign * s * x + c * y,
      z,
    ];
    const gradient = (direction: readonly number[], distance: number): number[] =>
      turn(
        turn(direction, -1).map((v, i) => v * (diagonal[i] as number)),
        1,
      ).map((v) => 7 + distance * v);
    let power = startPowerIteration(3, 1);
    for (let i = 0; i < 60; i++) power = powerStep(power, gradient);
    expect(power.eigenvalue).toBeCloseTo(dominant, 6);
    expect(Math.hypot(...power.vector)).toBeCloseTo(1, 9);
  });

  it('survives a gradient that does not change', () => {
    const start = startPowerIteration(4, 2);
    expect(powerStep(start, () => [1, 1, 1, 1])).toEqual({ vector: start.vector, eigenvalue: 0 });
  });
});

describe('stoppedAt', () => {
  const measured = (eigenvalues: readonly number[], every = 1) =>
    eigenvalues.map((eigenvalue, i) => ({ epoch: (i + 1) * every, eigenvalue }));
  it('goes on while the eigenvalue is steady, falls, or has no history', () => {
    expect(stoppedAt([])).toBeUndefined();
    expect(stoppedAt(measured([1, 9]))).toBeUndefined();
    expect(stoppedAt(measured(Array.from({ length: 20 }, () => 1)))).toBeUndefined();
    expect(stoppedAt(measured([9, 8, 7, 6, 5, 4, 3, 2, 1, 1]))).toBeUndefined();
  });
  it('returns to five epochs before the averaged eigenvalue has risen by a third', () => {
    // Averages of five: 1 at epochs 5 to 10, then 1.2, 1.4: 1 / 1.2 = 0.83, 1 / 1.4 = 0.71.
    const rising = [...Array.from({ length: 10 }, () => 1), 2, 2];
    expect(stoppedAt(measured(rising.slice(0, 11)))).toBeUndefined();
    expect(stoppedAt(measured(rising))).toBe(7);
  });
  it('compares epochs, not measurements', () => {
    expect(stoppedAt(measured([1, 1, 1, 4, 4], 2))).toBe(5);
  });
});

const spec: SearchSpec<'darts' | 'snas'> = {
  kind: 'mixture-search',
  space: { name: 'darts-cnn' },
  strategy: ONE_JOB_SEARCHES.darts.schema.parse({
    name: 'darts',
    optimization: 'first-order',
    diagnostics: { hessianEvery: 2, iterations: 3 },
  }),
  network: { channels: 2, layers: 1, stem: 'cifar' },
  recipe: recipeSchema.parse({ epochs: 3, batchSize: 16 }),
  data: {
    validationFraction: 0.5,
    splitSeed: 0,
    augmentation: { cropPadding: 1, horizontalFlip: true, cutout: 0 },
  },
  seed: 5,
};

describe('a diagnosed search', () => {
  it('measures every other epoch, counts what it costs, disturbs nothing, and resumes inside a measurement', async () => {
    const whole = await createProgram(spec, { tf, data: tinyData() });
    // Two steps and three evaluations an epoch, three iterations after the second.
    expect(whole.totalSteps).toBe(3 * 5 + 3);
    const { snapshots, result } = await walk<SearchResult>(whole);
    expect(result.curve.map(({ hessianEigenvalue }) => hessianEigenvalue !== undefined)).toEqual([
      false,
      true,
      false,
    ]);
    expect(Number.isFinite(result.curve[1]?.hessianEigenvalue)).toBe(true);
    for (const { skipConnects } of result.curve) {
      expect(Object.keys(skipConnects ?? {})).toEqual(['normal', 'reduce']);
      for (const count of Object.values(skipConnects ?? {})) expect(count).toBeLessThanOrEqual(8);
    }
    const inPrint = result.candidates[0]?.genotype.match(/skip_connect/g)?.length ?? 0;
    const counted = Object.values(result.curve.at(-1)?.skipConnects ?? {}).reduce((sum, n) => sum + n, 0);
    expect(counted).toBe(inPrint);

    const { diagnostics: _, ...plain } = spec.strategy as Extract<typeof spec.strategy, { name: 'darts' }>;
    const undisturbed = await createProgram({ ...spec, strategy: plain }, { tf, data: tinyData() });
    const other = await finish<SearchResult>(undisturbed);
    expect(other.weightsSha256).toBe(result.weightsSha256);
    expect(result.cost.images - other.cost.images).toBe(2 * 3 * 16);
    expectForeseen(spec, result);

    const resumed = await createProgram(spec, { tf, data: tinyData() });
    resumed.restore(snapshots[11] as Snapshot);
    expect(resumed.progress().phase).toBe('diagnosing');
    expect(JSON.stringify(await finish(resumed))).toBe(JSON.stringify(result));
    for (const program of [whole, undisturbed, resumed]) program.dispose();
  }, 120_000);
});
