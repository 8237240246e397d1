import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import type { TrainNetworkSpec } from '../../../nas/job/program-spec.ts';
import type { TrainResult } from '../../../nas/job/program-result.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import { spaceSchema } from '../../../nas/space/registry.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import type { ImageSource } from '../../../nas/training/tasks/images/image-data.ts';
import { tinyData } from './tiny-data.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const common = {
  kind: 'train-network',
  recipe: recipeSchema.parse({ epochs: 1, batchSize: 16 }),
  data: {
    validationFraction: 0.25,
    splitSeed: 0,
    augmentation: { cropPadding: 0, horizontalFlip: false, cutout: 0 },
  },
  seed: 5,
  trainOn: 'train',
  evaluateOn: 'validation',
} as const;

const train = async (spec: TrainNetworkSpec, data: ImageSource): Promise<TrainResult> => {
  const program = await createProgram(spec, { tf, data });
  try {
    while (program.step < program.totalSteps) await program.advance();
    return program.result() as TrainResult;
  } finally {
    program.dispose();
  }
};

const edges = [0, 1, 0, 2, 1, 2, 0, 1].map((from) => `('skip_connect', ${from})`).join(', ');
const SKIPS = `Genotype(normal=[${edges}], normal_concat=range(2, 6), reduce=[${edges}], reduce_concat=range(2, 6))`;

/** Three times the one channel of the tiny images. */
const colour = (): ImageSource => {
  const data = tinyData({ train: 80, test: 22 }, 16, 4);
  return {
    ...data,
    shape: [16, 16, 3],
    open: async (split) => {
      const dataset = await data.open(split);
      const images = new Uint8Array(new SharedArrayBuffer(3 * dataset.images.length));
      images.forEach((_, i) => (images[i] = dataset.images[Math.floor(i / 3)] as number));
      return { ...dataset, shape: [16, 16, 3], images, mean: [0.25, 0.25, 0.25], std: [0.15, 0.15, 0.15] };
    },
  };
};

/** The first layer is a 1 × 1 convolution of stride 2 on the image. */
const STRIDED = JSON.stringify(
  [0, 1, 2, 3, 4, 5].map((l) => ({
    type: 'conv',
    height: l === 0 ? 1 : 3,
    width: l === 0 ? 1 : 3,
    filters: 24,
    stride: l === 0 ? 2 : 1,
    skips: Array.from({ length: l }, (_, j) => Number(j === l - 1)),
  })),
);

describe('few channels at a pointwise convolution with strides', () => {
  it.each([1, 2, 4])('train a reduction of skip connections on %i × 2 channels to its end', async (times) => {
    const spec: TrainNetworkSpec = {
      ...common,
      space: { name: 'darts-cnn' },
      genotype: SKIPS,
      network: { channels: 2 * times, layers: 1, stem: 'cifar' },
    };
    const { loss } = await train(spec, tinyData());
    expect(Number.isFinite(loss)).toBe(true);
  });

  it('train a first layer that halves an RGB image to its end', async () => {
    const spec: TrainNetworkSpec = {
      ...common,
      space: spaceSchema.parse({ name: 'nas-rl-growing' }),
      genotype: STRIDED,
      network: { channels: 16, layers: 6, stem: 'cifar' },
    };
    const { loss } = await train(spec, colour());
    expect(Number.isFinite(loss)).toBe(true);
  });
});
