import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import type { SearchResult } from '../../../nas/job/program-result.ts';
import type { SearchSpec } from '../../../nas/job/program-spec.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import { dartsCnn } from '../../../nas/space/darts-cnn.ts';
import { fingerprint } from '../../../nas/training/programs/fingerprint.ts';
import type { Snapshot, TrainingProgram } from '../../../nas/training/program.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import { tinyData } from './tiny-data.ts';
import { expectExactResume, expectForeseen, expectNoLeak, expectSteps, type Walk, walk } from './walk.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const spec: SearchSpec<'random-weight-sharing'> = {
  kind: 'weight-sharing-search',
  space: { name: 'darts-cnn' },
  strategy: {
    name: 'random-weight-sharing',
    candidates: 5,
    scoreMinibatches: 2,
    rounds: 1,
    rescore: 2,
    scoreStatistics: 'running',
  },
  // One reduction cell: the smallest supernet there is.
  network: { channels: 2, layers: 1, stem: 'cifar' },
  recipe: recipeSchema.parse({ epochs: 2, batchSize: 16, optimizer: { kind: 'sgd', learningRate: 0.1 } }),
  data: {
    validationFraction: 0.5,
    splitSeed: 0,
    augmentation: { cropPadding: 1, horizontalFlip: true, cutout: 0 },
  },
  seed: 5,
};
/**
 * 40 training images give 2 minibatches an epoch; 40 validation images 2 to score on, 3 for the whole set.
 */
const TRAINING = 2 * 2;
const SCORING = 5 * 2;
const RESCORING = 2 * 3;

let program: TrainingProgram;
let whole: Walk<SearchResult>;
beforeAll(async () => {
  program = await createProgram(spec, { tf, data: tinyData() });
  whole = await walk(program);
}, 300_000);
afterAll(() => program.dispose());

describe('weight-sharing-search', () => {
  it('trains, scores, then re-scores, a minibatch a step', () => {
    expectSteps(whole, { training: TRAINING, scoring: SCORING, 're-scoring': RESCORING });
  });

  it('ranks the re-scored cells first, each by its measure, on images of the validation part', () => {
    const { result } = whole;
    expect(result.candidates).toHaveLength(5);
    const [first, second, ...others] = result.candidates;
    expect(first?.rescored).toBeGreaterThanOrEqual(second?.rescored as number);
    for (const other of others) expect(other.rescored).toBeUndefined();
    const scores = others.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(Math.min(first?.score as number, second?.score as number)).toBeGreaterThanOrEqual(
      Math.max(...scores),
    );
    for (const { score, rescored } of result.candidates) {
      expect(Number.isInteger(Math.round(score * 32 * 1e6) / 1e6)).toBe(true);
      if (rescored !== undefined) expect(Number.isInteger(Math.round(rescored * 40 * 1e6) / 1e6)).toBe(true);
    }
    for (const { genotype } of result.candidates)
      expect(dartsCnn.print(dartsCnn.parse(genotype))).toBe(genotype);
    expect(new Set(result.candidates.map(({ genotype }) => genotype)).size).toBe(5);
  });

  it('re-scores the best of each round', async () => {
    const strategy = { ...spec.strategy, candidates: 6, rounds: 3, rescore: 1 };
    const inRounds = await createProgram({ ...spec, strategy }, { tf, data: tinyData() });
    try {
      const { snapshots, result } = await walk<SearchResult>(inRounds);
      const { finalists, scores } = (snapshots.at(-1) as Snapshot).state as {
        finalists: number[];
        scores: { correct: number }[];
      };
      const correct = (index: number): number => (scores[index] as { correct: number }).correct;
      const bestOfRounds = [0, 2, 4].map((first) =>
        correct(first + 1) > correct(first) ? first + 1 : first,
      );
      expect([...finalists].sort((a, b) => a - b)).toEqual(bestOfRounds);
      expect(result.candidates.filter(({ rescored }) => rescored !== undefined)).toHaveLength(3);
    } finally {
      inRounds.dispose();
    }
  });

  it('leaves the weights alone while it scores', () => {
    const { snapshots } = whole;
    const trained = fingerprint(snapshots[TRAINING] as Snapshot);
    const last = fingerprint(snapshots.at(-1) as Snapshot);
    for (const part of ['weights', 'buffers', 'optimizer']) expect(last[part]).toBe(trained[part]);
    expect(fingerprint(snapshots[TRAINING - 1] as Snapshot)['weights']).not.toBe(trained['weights']);
  });

  it('counts its cost by the paths that ran', () => {
    const { result, snapshots } = whole;
    expect(result.cost.images).toBe(TRAINING * 16 + SCORING * 16 + 2 * 40);
    expectForeseen(spec, result);
    const costs = snapshots.map(
      ({ state }) => (state as { cost: { multiplyAdds: number } }).cost.multiplyAdds,
    );
    const steps = costs.slice(1).map((cost, i) => cost - (costs[i] as number));
    expect(Math.min(...steps)).toBeGreaterThan(0);
    // Paths differ, so steps cost differently; the same cell costs the same on the same number of images.
    expect(new Set(steps.slice(0, TRAINING)).size).toBeGreaterThan(1);
    expect(steps[TRAINING]).toBe(steps[TRAINING + 1]);
  });

  it('continues bit for bit from any step in a fresh program', async () => {
    await expectExactResume(() => createProgram(spec, { tf, data: tinyData() }), whole);
  });

  it('frees every tensor it makes', () => expectNoLeak(tf, program, whole.snapshots[0] as Snapshot));
});
