import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkAgainstDataset } from '../../nas/experiment/check-dataset.ts';
import { trainingParts, type ImageManifest } from '../../nas/task/images/manifest.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { splitTrainValidation } from '../../nas/task/images/split.ts';

const text = readFileSync(new URL('../../experiments/quickstart.yaml', import.meta.url), 'utf8');
const STAGES = ['search', 'retrain', 'evaluate'] as const;

const check = (
  counts: readonly number[],
  fraction: number,
  batchSize: number,
  givenValidation?: number,
): void => {
  const { experiment, place } = loadExperiment(text, {
    file: 'x.yaml',
    overrides: [
      `task.validationFraction=${fraction}`,
      ...STAGES.map((stage) => `stages.${stage}.recipe.batchSize=${batchSize}`),
    ],
  });
  const manifest = {
    name: 'shots',
    shape: [8, 8, 1],
    classes: counts.map((_, i) => `c${i}`),
    splits: { train: { count: counts.reduce((a, b) => a + b, 0) }, test: { count: 40 } },
    ...(givenValidation === undefined ? {} : { givenValidation }),
  } as unknown as ImageManifest;
  checkAgainstDataset(experiment, manifest, place, { train: counts });
};

describe('the check before a run asks the split that will be made', () => {
  test('40 classes of 3 images, half of them: 60 images, as the job will find', () => {
    const three = new Array<number>(40).fill(3);
    expect(() => check(three, 0.5, 56)).not.toThrow();
    expect(() => check(three, 0.5, 60)).not.toThrow();
    expect(() => check(three, 0.5, 61)).toThrow(/batchSize: 61 .* at most the 60 training images/);
    const labels = Int32Array.from({ length: 120 }, (_, i) => i % 40);
    expect(splitTrainValidation({ labels }, 0.5, 0).train.length).toBe(60);
  });
  test.each([0.25, 0.5])('16, 1 and 2 images, %d: the class that is too small is named', (fraction) => {
    expect(() => check([16, 1, 2], fraction, 4)).toThrow(/task\.data.*class c1 has 1/);
  });
  test.each([
    [[16, 2, 2], 0.25, true],
    [[16, 2, 2], 0.05, false],
    [[16, 2, 2], 0.95, false],
    [[9, 9, 9], 0.5, true],
    [[2, 2, 2], 0.2, false],
    [[2, 2, 2], 0.5, true],
    [[100, 3, 7], 0.1, true],
  ] as const)('%j, %d: the check passes exactly where the job splits', (counts, fraction, passes) => {
    const labels = Int32Array.from(counts.flatMap((n, label) => new Array<number>(n).fill(label)));
    const job = (): unknown => splitTrainValidation({ labels }, fraction, 0);
    if (passes) {
      expect(() => check(counts, fraction, 1)).not.toThrow();
      expect(job).not.toThrow();
    } else {
      expect(() => check(counts, fraction, 1)).toThrow('task.validationFraction');
      expect(job).toThrow('validationFraction');
    }
  });
  test('a validation split that the data set gives stands for any fraction', () => {
    expect(() => check([30, 1, 2], 0.5, 16, 16)).not.toThrow();
    expect(() => check([30, 1, 2], 0.5, 18, 16)).toThrow(/at most the 17 training images/);
    const splits = { train: { count: 19 } } as unknown as ImageManifest['splits'];
    const of = { splits, classes: ['a', 'b'] };
    expect(trainingParts({ ...of, givenValidation: 5 }, 0.5)).toEqual({ train: 14, validation: 5 });
    expect(trainingParts(of, 0.5)).toEqual({ train: 9, validation: 10 });
  });
});
