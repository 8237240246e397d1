import { deriveSeed } from '../../core/random.ts';
import { termsOf } from '../../task/terms.ts';
import { buildClassifier } from '../networks/network.ts';
import { networkOf } from '../networks/registry.ts';
import { countCorrect, crossEntropy } from './losses.ts';
import { imageTraining, type ImageSource } from './task-images.ts';
import type { TensorTask } from './tensor-task.ts';

const { metric } = termsOf('image-classification');

/**
 * Classes of images by cross entropy. Padding has the label −1: its one-hot target is zero, so that it adds
 * no loss, and no prediction equals it.
 */
export const imageClassification: TensorTask<ImageSource> = {
  target: (batchSize) => ({ shape: [batchSize], dtype: 'int32' }),
  loss: crossEntropy,
  sums: (tf, logits, labels) => ({ correct: countCorrect(tf, logits, labels) }),
  sumNames: ['correct'],
  score: ({ correct = 0, images }) => metric.score(correct / images),
  // Parameters and multiply-adds are counted without the auxiliary head, as published.
  network: (tf, { shape, classes }, { space, genotype, network, recipe, seed }) =>
    buildClassifier(
      tf,
      networkOf(space, genotype),
      { size: network, image: shape, classes, auxiliary: recipe.auxiliaryWeight > 0 },
      deriveSeed(seed, 'weights'),
    ),
  open: imageTraining,
};
