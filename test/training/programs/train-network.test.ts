import { afterAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import type { TrainNetworkSpec } from '../../../nas/job/program-spec.ts';
import type { TrainResult } from '../../../nas/job/program-result.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import { DivergedError, type TrainingProgram } from '../../../nas/training/program.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import { tinyData } from './tiny-data.ts';
import { expectExactResume, finish, stored, walk } from './walk.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const CELL =
  "[('sep_conv_3x3', 0), ('skip_connect', 1), ('max_pool_3x3', 0), ('dil_conv_3x3', 2), ('avg_pool_3x3', 1), ('none', 2), ('skip_connect', 0), ('sep_conv_3x3', 1)]";
const genotype = `Genotype(normal=${CELL}, normal_concat=range(2, 6), reduce=${CELL}, reduce_concat=range(2, 6))`;

const specOf = (recipe: object = {}, rest: Partial<TrainNetworkSpec> = {}): TrainNetworkSpec => ({
  kind: 'train-network',
  space: { name: 'darts-cnn' },
  genotype,
  network: { channels: 4, layers: 3, stem: 'cifar' },
  recipe: recipeSchema.parse({
    epochs: 3,
    batchSize: 16,
    dropPath: 0.2,
    dropout: 0.1,
    labelSmoothing: 0.1,
    emaDecay: 0.5,
    ...recipe,
  }),
  data: {
    validationFraction: 0.25,
    splitSeed: 0,
    augmentation: { cropPadding: 1, horizontalFlip: true, cutout: 2 },
  },
  seed: 5,
  trainOn: 'train',
  evaluateOn: 'validation',
  ...rest,
});

const programs: TrainingProgram[] = [];
const create = async (spec: TrainNetworkSpec, data = tinyData()): Promise<TrainingProgram> => {
  const program = await createProgram(spec, { tf, data });
  programs.push(program);
  return program;
};
afterAll(() => programs.forEach((program) => program.dispose()));

describe('train-network', () => {
  it('counts its steps, learns, and reports a point an epoch', async () => {
    const program = await create(
      specOf({ epochs: 4, dropPath: 0, dropout: 0, labelSmoothing: 0, emaDecay: 0 }),
    );
    // 60 training images give 3 minibatches of 16, 20 validation images take 2.
    expect(program.totalSteps).toBe(4 * (3 + 2));
    expect(() => program.result()).toThrow('step 0 of 20');
    const result = await finish<TrainResult>(program);
    expect(result.curve.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 3],
      [2, 6],
      [3, 9],
      [4, 12],
    ]);
    expect(result.curve.at(-1)?.trainLoss).toBeLessThan(result.curve[0]?.trainLoss as number);
    expect(result.curve.at(-1)?.validationAccuracy).toBe(result.accuracy);
    expect(result.cost.images).toBe(4 * (48 + 20));
    expect(result.cost.multiplyAdds).toBe(4 * (3 * 48 + 20) * result.multiplyAdds);
  });

  it('continues bit for bit from any step in a fresh program', async () => {
    const spec = specOf();
    const whole = await walk(await create(spec));
    await expectExactResume(() => createProgram(spec, { tf, data: tinyData() }), whole);
  });

  it('goes on from the end of a shorter trial exactly as if it had never paused', async () => {
    const short = await create(specOf({ epochs: 4 }, { rungs: [1] }));
    const first = await finish<TrainResult>(short);
    expect(first.curve).toHaveLength(1);
    expect(first.cost.images).toBe(48 + 20);
    const whole = await create(specOf({ epochs: 4 }, { rungs: [1, 3] }));
    const expected = await finish<TrainResult>(whole);
    // Three epochs under a schedule made for four, scored after the first and the third.
    expect(expected.cost.images).toBe(3 * 48 + 2 * 20);
    expect(expected.curve.map((point) => point.validationAccuracy !== undefined)).toEqual([
      true,
      false,
      true,
    ]);
    expect(expected.curve[2]?.learningRate).toBeGreaterThan(0);
    const continued = await create(specOf({ epochs: 4 }, { rungs: [1, 3] }));
    continued.restore(stored(short.snapshot()));
    expect(await finish<TrainResult>(continued)).toEqual(expected);
    expect(continued.snapshot()).toEqual(whole.snapshot());
  });

  it('is scored after each of its last epochs, by the best of them, and resumes so', async () => {
    // 24 epochs are scored after every second one, and here after each of the last five.
    const ofSeed = (seed: number): TrainNetworkSpec =>
      specOf(
        { epochs: 24, optimizer: { kind: 'sgd', learningRate: 0.3 }, schedule: { kind: 'constant' } },
        { scoreOfLast: 5, seed },
      );
    // One whose last epoch is not the best of them, so that the last alone would say less; CPUs differ in
    // which.
    let spec = ofSeed(5);
    let result = await finish<TrainResult>(await create(spec));
    for (let seed = 6; seed < 16 && result.accuracy === result.curve.at(-1)?.validationAccuracy; seed++) {
      spec = ofSeed(seed);
      result = await finish<TrainResult>(await create(spec));
    }
    const accuracies = result.curve.map(({ validationAccuracy }) => validationAccuracy);
    const scored = accuracies.flatMap((accuracy, i) => (accuracy === undefined ? [] : [i + 1]));
    expect(scored).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 21, 22, 23, 24]);
    expect(result.cost.images).toBe(24 * 48 + 14 * 20);
    const last = accuracies.slice(-5) as number[];
    expect(result.accuracy).toBe(Math.max(...last));
    expect(result.accuracy).toBeGreaterThan(last.at(-1) as number);
    expect(result.loss).toBe(result.curve.at(-1)?.validationLoss);

    const first = await create(spec);
    // Into the evaluation after epoch 23: 22 epochs of 3 steps, 12 evaluations of 2, 3 more and 1 of 2.
    while (first.step < 22 * 3 + 12 * 2 + 3 + 1) await first.advance();
    const resumed = await create(spec);
    resumed.restore(stored(first.snapshot()));
    expect(await finish<TrainResult>(resumed)).toEqual(result);
  });

  it('opens the test split once, at the end, in stage 3 only', async () => {
    const data = tinyData();
    const program = await create(
      specOf({ epochs: 2 }, { trainOn: 'train+validation', evaluateOn: 'test' }),
      data,
    );
    // 80 images give 5 minibatches; 22 test images take 2 once.
    expect(program.totalSteps).toBe(2 * 5 + 2);
    while (program.step < 10) await program.advance();
    expect(data.opened).toEqual(['train']);
    const result = await finish<TrainResult>(program);
    expect(data.opened).toEqual(['train', 'test']);
    expect(result.evaluatedOn).toBe('test');
    expect(result.accuracy * 22).toBeCloseTo(Math.round(result.accuracy * 22), 9);
    expect(result.curve.every((point) => point.validationAccuracy === undefined)).toBe(true);
  });

  it('throws on a non-finite loss and keeps the last good state', async () => {
    const program = await create(
      specOf({ epochs: 30, clipNorm: 0, optimizer: { kind: 'sgd', learningRate: 1e30, momentum: 0 } }),
    );
    let before = program.snapshot();
    const run = async (): Promise<void> => {
      while (program.step < program.totalSteps) {
        before = program.snapshot();
        await program.advance();
      }
    };
    await expect(run()).rejects.toThrow(DivergedError);
    expect(program.snapshot()).toEqual(before);
  });

  it('depends on its seed', async () => {
    const results = await Promise.all(
      [5, 6].map(async (seed) => finish<TrainResult>(await create(specOf({ epochs: 1 }, { seed })))),
    );
    expect(results[0]?.weightsSha256).not.toBe(results[1]?.weightsSha256);
  });
});
