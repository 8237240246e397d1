import { afterAll, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import type { TrainNetworkSpec } from '../../../nas/job/program-spec.ts';
import type { TrainResult } from '../../../nas/job/program-result.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import { splitTrainValidation } from '../../../nas/task/images/split.ts';
import type { ImageTypes } from '../../../nas/task/images/image-classification.ts';
import { createBatchPipeline } from '../../../nas/task/images/batches.ts';
import type { TrainingProgram } from '../../../nas/training/program.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import { tinyData } from './tiny-data.ts';
import { finish } from './walk.ts';

const { tf } = loadTensorFlow({ threads: 1 });
const spec: TrainNetworkSpec<ImageTypes> = {
  kind: 'train-network',
  space: { name: 'nas-bench-201' },
  genotype: '|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|',
  network: { channels: 4, layers: 3, stem: 'cifar' },
  recipe: recipeSchema.parse({ epochs: 2, batchSize: 16, emaDecay: 0.5 }),
  data: {
    validationFraction: 0.25,
    splitSeed: 0,
    augmentation: { cropPadding: 0, horizontalFlip: false, cutout: 0 },
  },
  seed: 5,
  trainOn: 'train',
  evaluateOn: 'validation',
};

let program: TrainingProgram;
afterAll(() => program.dispose());

it('one image at a time, a trained network computes what it was evaluated by', async () => {
  const data = tinyData();
  program = await createProgram(spec, { tf, data });
  const result = await finish<TrainResult>(program);
  const inference = await program.inference!();
  const images = await data.open('train');
  const { validation } = splitTrainValidation(images, spec.data.validationFraction, spec.data.splitSeed);
  const single = createBatchPipeline(images, validation, {
    batchSize: 1,
    mode: 'evaluate',
    augmentation: spec.data.augmentation,
    seed: 0,
  });
  expect(inference.values).toBe(data.shape.reduce((a, b) => a * b, 1));
  let [correct, loss] = [0, 0];
  for (let i = 0; i < validation.length; i++) {
    const { x, y } = single.batch(0, i);
    const logits = Array.from(inference.logits(x));
    const label = y[0] as number;
    const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
    loss += Math.log(sum) - (logits[label] as number);
    if (logits.indexOf(Math.max(...logits)) === label) correct++;
  }
  inference.dispose();
  expect(correct / validation.length).toBe(result.accuracy);
  expect(loss / validation.length).toBeCloseTo(result.loss, 4);
  expect(result).not.toHaveProperty('latencyMilliseconds');
}, 300_000);
