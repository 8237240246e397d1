import { deriveSeed } from '../../../core/random.ts';
import type { TrainNetworkSpec } from '../../../job/program-spec.ts';
import type { ImageTypes } from '../../../task/images/image-classification.ts';
import { imageTerms } from '../../../task/images/image-terms.ts';
import type { ImageManifest } from '../../../task/images/manifest.ts';
import type { ImageNetworkSize } from '../../../task/images/recipe.ts';
import type { Tf } from '../../graph/tensor.ts';
import { oneValueOnly } from '../../layers/batch-norm.ts';
import { countMultiplyAdds, countParameters } from '../../layers/counting.ts';
import type { Description } from '../../layers/shape-layers.ts';
import type { Classifier } from '../../networks/classifier.ts';
import { buildClassifier, describeClassifier, type NetworkSetting } from '../../networks/network.ts';
import { networkOf } from '../../networks/registry.ts';
import { supernetOf } from '../../supernets/registry.ts';
import { describeSupernet } from '../../supernets/supernet.ts';
import type { NetworkFacts, NetworkToTrain, TensorTask } from '../tensor-task.ts';
import { choiceSupernet, describeChildren } from './choice-supernet.ts';
import { imageSource, openImages, type ImageSource } from './image-data.ts';
import { imageMixture } from './image-mixture.ts';
import { imageModel } from './image-model.ts';
import { compileInference } from './inference.ts';
import { withInheritedWeights } from './inherited-weights.ts';

/** What a network is built for on the images of a manifest, without the auxiliary head. */
export const settingOf = (
  { shape, classes }: Pick<ImageManifest, 'shape' | 'classes'>,
  size: ImageNetworkSize,
): NetworkSetting => ({ size, image: shape, classes: classes.length, auxiliary: false });

// Parameters and multiply-adds are counted without the auxiliary head: quark0/darts f276dd3,
// `cnn/utils.py:82–83`.
const factsOf = (used: Description, trained: Description): NetworkFacts => ({
  parameters: countParameters(used),
  trainedParameters: countParameters(trained),
  multiplyAdds: countMultiplyAdds(used),
  activationBytes: trained.activationBytes,
  keptBytes: trained.keptBytes,
  refusesBatch: (size) => oneValueOnly(size, trained.leastNormalizedPixels),
});

const buildOf = (tf: Tf, { shape, classes }: ImageSource, spec: TrainNetworkSpec<ImageTypes>) => {
  const { space, genotype, network, recipe, seed } = spec;
  return buildClassifier(
    tf,
    networkOf(space, genotype),
    { size: network, image: shape, classes, auxiliary: recipe.auxiliaryWeight > 0 },
    deriveSeed(seed, 'weights'),
  );
};

const toTrain = (
  tf: Tf,
  { shape }: ImageSource,
  { recipe }: TrainNetworkSpec<ImageTypes>,
  { parameters, multiplyAdds, activationBytes }: Omit<NetworkToTrain, 'model'>,
  classifier: Classifier,
): NetworkToTrain => ({
  parameters,
  multiplyAdds,
  activationBytes,
  model: imageModel(tf, classifier, recipe),
  inference: (tensors) => compileInference(tf, classifier, recipe, tensors, shape),
});

/** Supernets of edges need images and their classes alone. */
const supernetFor = ({ shape, classes }: ImageSource, { space, network }: TrainSpace) =>
  supernetOf(space.name, { size: network, image: shape, classes });
type TrainSpace = Pick<TrainNetworkSpec<ImageTypes>, 'space' | 'network'>;

/** Classes of images by cross entropy. */
export const imageClassification: TensorTask<ImageTypes, ImageSource> = {
  countName: 'images',
  sumNames: ['correct'],
  score: ({ correct = 0, images = 0 }) => imageTerms.metric.score(correct / images),
  load: imageSource,
  open: openImages,
  network: (tf, data, spec) => {
    const built = buildOf(tf, data, spec);
    return toTrain(tf, data, spec, built, built.classifier);
  },
  grown: async (tf, data, spec, inherited) => {
    const built = buildOf(tf, data, spec);
    const classifier = await withInheritedWeights(tf, data, spec, built.classifier, inherited);
    return toTrain(tf, data, spec, built, classifier);
  },
  describe: (manifest, { space, genotype, size, recipe }) => {
    const build = networkOf(space, genotype);
    const setting = settingOf(manifest, size);
    const used = describeClassifier(build, setting);
    const auxiliary = recipe !== undefined && recipe.auxiliaryWeight > 0;
    return factsOf(used, auxiliary ? describeClassifier(build, { ...setting, auxiliary }) : used);
  },
  children: choiceSupernet,
  describeChildren: (manifest, { space, size }) => {
    const { parameters, of } = describeChildren(space, settingOf(manifest, size));
    return (genotype) => {
      const child = of(genotype);
      return { ...factsOf(child, child), parameters, trainedParameters: parameters };
    };
  },
  mixture: (tf, data, spec) => imageMixture(tf, supernetFor(data, spec), spec.recipe, spec.seed),
  describeMixture: (manifest, { space, size }) => {
    const supernet = describeSupernet(supernetOf(space.name, settingOf(manifest, size)));
    return factsOf(supernet, supernet);
  },
};
