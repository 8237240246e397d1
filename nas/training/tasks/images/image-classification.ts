import { deriveSeed } from '../../../core/random.ts';
import type { ImageManifest } from '../../../task/images/manifest.ts';
import type { ImageNetworkSize, ImageRecipe } from '../../../task/images/recipe.ts';
import type { DatasetManifest } from '../../../task/manifest.ts';
import type { NetworkSize } from '../../../task/task.ts';
import { termsOf } from '../../../task/terms.ts';
import { oneValueOnly } from '../../layers/batch-norm.ts';
import { countMultiplyAdds, countParameters } from '../../layers/counting.ts';
import type { Description } from '../../layers/shape-layers.ts';
import { buildClassifier, describeClassifier, type NetworkSetting } from '../../networks/network.ts';
import { networkOf } from '../../networks/registry.ts';
import { supernetOf } from '../../supernets/registry.ts';
import { describeSupernet } from '../../supernets/supernet.ts';
import { countCorrect, crossEntropy } from './losses.ts';
import { imageSpec, imageTraining, type ImageSource } from './image-data.ts';
import type { NetworkFacts, TensorTask } from '../tensor-task.ts';

const { metric } = termsOf('image-classification');

/** What a network is built for on the images of a manifest, without the auxiliary head. */
export const settingOf = (manifest: DatasetManifest, size: NetworkSize): NetworkSetting => {
  const { shape, classes } = manifest as ImageManifest;
  return { size: size as ImageNetworkSize, image: shape, classes: classes.length, auxiliary: false };
};

// Parameters and multiply-adds are counted without the auxiliary head, as published.
const factsOf = (used: Description, trained: Description): NetworkFacts => ({
  parameters: countParameters(used),
  trainedParameters: countParameters(trained),
  multiplyAdds: countMultiplyAdds(used),
  activationBytes: trained.activationBytes,
  keptBytes: trained.keptBytes,
  refusesBatch: (size) => oneValueOnly(size, trained.leastNormalizedPixels),
});

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
  network: (tf, { shape, classes }, spec) => {
    const { space, genotype, network, recipe, seed } = imageSpec(spec);
    return buildClassifier(
      tf,
      networkOf(space, genotype),
      { size: network, image: shape, classes, auxiliary: recipe.auxiliaryWeight > 0 },
      deriveSeed(seed, 'weights'),
    );
  },
  describe: (manifest, { space, genotype, size, recipe }) => {
    const build = networkOf(space, genotype);
    const setting = settingOf(manifest, size);
    const used = describeClassifier(build, setting);
    const auxiliary = recipe !== undefined && (recipe as ImageRecipe).auxiliaryWeight > 0;
    return factsOf(used, auxiliary ? describeClassifier(build, { ...setting, auxiliary }) : used);
  },
  describeMixture: (manifest, { space, size }) => {
    const supernet = describeSupernet(supernetOf(space.name, settingOf(manifest, size)));
    return factsOf(supernet, supernet);
  },
  open: imageTraining,
};
