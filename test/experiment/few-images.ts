import { expect } from 'vitest';
import { checkAgainstDataset } from '../../nas/experiment/check-dataset.ts';
import type { ImageManifest } from '../../nas/task/images/manifest.ts';
import type { Experiment } from '../../nas/experiment/experiment.ts';

/**
 * A search with minibatches of 64 is refused where a fifth of the 120 training images is all that may
 * validate.
 */
export const expectWholeMinibatchNeeded = (experiment: Experiment): void => {
  const manifest = {
    name: 'few',
    shape: [28, 28, 1],
    classes: ['a', 'b'],
    splits: { train: { count: 120 }, test: { count: 10 } },
  } as unknown as ImageManifest;
  expect(() => checkAgainstDataset(experiment, manifest, (path) => path.join('.'))).toThrow(
    /stages\.search\.recipe\.batchSize: 64.*at most the 24 validation images/,
  );
};
