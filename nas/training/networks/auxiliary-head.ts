import type { ImageNetworkSize } from '../../task/images/recipe.ts';
import type { Layers } from '../layers/layers.ts';
import { InvalidArchitectureError } from '../program.ts';

/**
 * Classifier on the second reduction's output. As published (quark0/darts f276dd3,
 * `cnn/model.py:63–108`) it sees 8×8 (CIFAR, pooling stride 3) or 7×7
 * (ImageNet, stride 2); the stride follows the size so that 2×2 remains. The ImageNet variant has no batch
 * norm after its second convolution (`:98–100`).
 */
export const auxiliaryHead = <T>(
  layers: Layers<T>,
  x: T,
  stem: ImageNetworkSize['stem'],
  classes: number,
): T => {
  const name = 'auxiliary_head.features';
  const [h, w] = layers.shape(x);
  if (h !== w || h < 6)
    throw new InvalidArchitectureError(
      `the auxiliary head needs a square activation of at least 6×6 after the second reduction, not ${h}×${w}; use larger images or auxiliaryWeight 0`,
    );
  let y = layers.averagePool(layers.relu(x), 5, h - 5);
  y = layers.conv(y, `${name}.2`, { filters: 128, kernel: [1, 1], strides: [1, 1], padding: [0, 0] });
  y = layers.relu(layers.batchNorm(y, `${name}.3`, true));
  y = layers.conv(y, `${name}.5`, { filters: 768, kernel: [2, 2], strides: [1, 1], padding: [0, 0] });
  if (stem === 'cifar') y = layers.batchNorm(y, `${name}.6`, true);
  return layers.linear(layers.relu(y), 'auxiliary_head.classifier', classes);
};
