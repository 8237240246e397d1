import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { ONE_JOB_SEARCHES } from '../../../nas/search/one-job/registry.ts';
import type { SearchResult } from '../../../nas/job/program-result.ts';
import type { SearchSpec } from '../../../nas/job/program-spec.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import { dartsCnn } from '../../../nas/space/darts-cnn.ts';
import { fingerprint } from '../../../nas/training/programs/fingerprint.ts';
import { DivergedError, type Snapshot, type TrainingProgram } from '../../../nas/training/program.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import { tinyData } from './tiny-data.ts';
import { expectExactResume, expectNoLeak, walk, type Walk } from './walk.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const specOf = (
  strategy: SearchSpec<'darts' | 'snas'>['strategy'],
  recipe: object = {},
): SearchSpec<'darts' | 'snas'> => ({
  kind: 'mixture-search',
  space: { name: 'darts-cnn' },
  strategy,
  // One reduction cell: the smallest supernet there is.
  network: { channels: 2, layers: 1, stem: 'cifar' },
  recipe: recipeSchema.parse({
    epochs: 2,
    batchSize: 16,
    optimizer: { kind: 'sgd', learningRate: 0.1 },
    ...recipe,
  }),
  data: {
    validationFraction: 0.5,
    splitSeed: 0,
    augmentation: { cropPadding: 1, horizontalFlip: true, cutout: 0 },
  },
  seed: 5,
});

const STRATEGIES = {
  'darts, second order': ONE_JOB_SEARCHES.darts.schema.parse({ name: 'darts' }),
  'darts, first order': ONE_JOB_SEARCHES.darts.schema.parse({ name: 'darts', optimization: 'first-order' }),
  'darts, coordinate descent': ONE_JOB_SEARCHES.darts.schema.parse({
    name: 'darts',
    optimization: 'coordinate-descent',
  }),
  'darts, joint': ONE_JOB_SEARCHES.darts.schema.parse({ name: 'darts', optimization: 'joint-sgd' }),
  snas: ONE_JOB_SEARCHES.snas.schema.parse({ name: 'snas' }),
  'snas, all images': ONE_JOB_SEARCHES.snas.schema.parse({
    name: 'snas',
    trainsOn: 'train+validation',
    dropPath: 0,
  }),
};
/** Steps of an epoch on 40 or all 80 images, and forward passes with a backward pass in each. */
const COURSE: Record<keyof typeof STRATEGIES, readonly [steps: number, passes: number]> = {
  'darts, second order': [2, 5],
  'darts, first order': [2, 2],
  'darts, coordinate descent': [5, 2],
  'darts, joint': [5, 1],
  snas: [2, 1],
  'snas, all images': [5, 1],
};
const EVALUATING = 3;

describe.each(Object.entries(STRATEGIES))('mixture-search, %s', (name, strategy) => {
  const [steps, passes] = COURSE[name as keyof typeof STRATEGIES];
  let program: TrainingProgram;
  let whole: Walk<SearchResult>;
  beforeAll(async () => {
    program = await createProgram(specOf(strategy), { tf, data: tinyData() });
    whole = await walk(program);
  }, 120_000);
  afterAll(() => program.dispose());

  it('searches and evaluates each epoch, and counts what it passed forward', () => {
    const { result } = whole;
    expect(program.totalSteps).toBe(2 * (steps + EVALUATING));
    expect(result.cost.images).toBe(2 * (steps * 16 * passes + 40));
    const perImage = result.cost.multiplyAdds / (2 * (3 * steps * 16 * passes + 40));
    expect(Number.isInteger(perImage)).toBe(true);
  });

  it('records losses, accuracies and the edge weights of every epoch', () => {
    const { result } = whole;
    expect(result.curve.map(({ epoch }) => epoch)).toEqual([1, 2]);
    for (const { edgeWeights, validationAccuracy, trainLoss } of result.curve) {
      expect(trainLoss).toBeGreaterThan(0);
      expect((validationAccuracy as number) * 40).toBeCloseTo(
        Math.round((validationAccuracy as number) * 40),
        9,
      );
      for (const rows of [edgeWeights?.normal, edgeWeights?.reduce]) {
        expect(rows).toHaveLength(14);
        for (const row of rows ?? []) expect(row.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 4);
      }
    }
  });

  it('moves weights, alphas and statistics while searching, and nothing while evaluating', () => {
    const { snapshots } = whole;
    const before = fingerprint(snapshots[0] as Snapshot);
    const searched = fingerprint(snapshots[steps] as Snapshot);
    const evaluated = fingerprint(snapshots[steps + EVALUATING] as Snapshot);
    for (const part of ['weights', 'buffers', 'alphas', 'optimizer']) {
      expect(searched[part]).not.toBe(before[part]);
      expect(evaluated[part]).toBe(searched[part]);
    }
    // The net has no normal cell: nothing moves its alphas but weight decay, and every reduction alpha moves.
    const read = (snapshot: Snapshot): number[] => Array.from(snapshot.tensors['alphas/reduce']?.data ?? []);
    const first = read(snapshots[0] as Snapshot);
    read(snapshots[steps] as Snapshot).forEach((alpha, i) => expect(alpha).not.toBe(first[i]));
  });

  it('proposes one cell of the space, scored by the last validation accuracy', () => {
    const { result } = whole;
    expect(result.candidates).toHaveLength(1);
    const [{ genotype, score } = { genotype: '', score: -1 }] = result.candidates;
    expect(dartsCnn.print(dartsCnn.parse(genotype))).toBe(genotype);
    expect(genotype).not.toContain('none');
    expect(score).toBe(result.curve.at(-1)?.validationAccuracy);
  });
});

describe('mixture-search', () => {
  it.each(['darts, first order', 'snas'] as const)(
    'continues bit for bit from any step, %s',
    async (name) => {
      const spec = specOf(STRATEGIES[name]);
      const program = await createProgram(spec, { tf, data: tinyData() });
      try {
        const whole = await walk<SearchResult>(program);
        await expectExactResume(() => createProgram(spec, { tf, data: tinyData() }), whole);
        await expectNoLeak(tf, program, whole.snapshots[0] as Snapshot);
      } finally {
        program.dispose();
      }
    },
    300_000,
  );

  it('throws on a non-finite loss and keeps the last good state', async () => {
    const program = await createProgram(
      specOf(STRATEGIES['darts, joint'], {
        epochs: 30,
        clipNorm: 0,
        optimizer: { kind: 'sgd', learningRate: 1e30, momentum: 0 },
      }),
      { tf, data: tinyData() },
    );
    try {
      let before = program.snapshot();
      const run = async (): Promise<void> => {
        while (program.step < program.totalSteps) {
          before = program.snapshot();
          await program.advance();
        }
      };
      await expect(run()).rejects.toThrow(DivergedError);
      expect(program.snapshot()).toEqual(before);
    } finally {
      program.dispose();
    }
  });
});
