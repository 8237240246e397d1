import type { TrainNetworkSpec } from '../../../job/program-spec.ts';
import { inputError } from '../../../core/input-error.ts';
import { chosenSpace } from '../../../space/registry.ts';
import { deriveSeed } from '../../../core/random.ts';
import { createPrefetchedPipeline } from '../../../task/images/prefetch.ts';
import { splitTrainValidation } from '../../../task/images/split.ts';
import type { ProbeImages } from '../../networks/eas-growth.ts';
import { GROWING_SPACES, growVariablesOf } from '../../networks/growing.ts';
import type { HostTensor } from '../../program.ts';
import type { ImageTypes } from '../../../task/images/image-classification.ts';
import type { Tf } from '../../graph/tensor.ts';
import type { Classifier } from '../../networks/classifier.ts';
import type { ImageSource } from './image-data.ts';
import { group, mapValues } from '../../graph/variable-groups.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

/** Images that the statistics of new batch norms are measured on: one minibatch of the authors. */
const PROBE_IMAGES = 64;

/** Some training images, shuffled and not augmented; equal for equal seeds. */
const probeImages = async (spec: TrainNetworkSpec<ImageTypes>, source: ImageSource): Promise<ProbeImages> => {
  const images = await (source.stream ?? source.open)('train');
  const { train } = splitTrainValidation(images, spec.data.validationFraction, spec.data.splitSeed);
  const pipeline = createPrefetchedPipeline(images, train, {
    batchSize: Math.min(PROBE_IMAGES, train.length),
    mode: 'train',
    augmentation: { cropPadding: 0, horizontalFlip: false, cutout: 0 },
    seed: deriveSeed(spec.seed, 'probe'),
  });
  try {
    const { x } = await pipeline.batch(0, 0);
    return { x, shape: pipeline.shape };
  } finally {
    await pipeline.close();
  }
};

/**
 * A classifier with the weights that it takes over from the trained one that it grew out of: those that were
 * scored, that is their averages where the recipe keeps some. `inherited` is the whole state of the other's
 * training.
 *
 * @throws InputError where networks of the space do not grow.
 */
export const withInheritedWeights = async (
  tf: Tf,
  source: ImageSource,
  spec: TrainNetworkSpec<ImageTypes>,
  classifier: Classifier,
  inherited: HostTensors,
): Promise<Classifier> => {
  const { space, grown } = spec;
  if (grown === undefined) throw new TypeError(`${spec.genotype} did not grow out of another network`);
  const { parse, print, hash, growth } = chosenSpace(space);
  const grow = growVariablesOf(space);
  if (growth === undefined || grow === undefined)
    throw inputError(
      'program.space',
      space.name,
      GROWING_SPACES.join(', '),
      'let only networks grow whose space knows how',
    );
  const from = parse(grown.genotype, 'program.grown.genotype');
  const to = parse(spec.genotype, 'program.genotype');
  const made = grown.edits.reduce((at, edit) => growth.apply(at, edit), from);
  if (hash(made) !== hash(to))
    throw inputError(
      'program.grown.edits',
      print(made),
      `edits that make ${spec.genotype}`,
      'launch the run again: the parts of this job do not belong together',
    );
  const values = grow(tf, {
    from,
    to,
    size: spec.network,
    variables: {
      ...group('weights', inherited),
      ...group('average', inherited),
      ...group('buffers', inherited),
    },
    images: await probeImages(spec, source),
    edits: grown.edits,
    noise: grown.noise,
    seed: deriveSeed(spec.seed, 'inherit'),
  });
  const taken = (declared: HostTensors): HostTensors =>
    mapValues(declared, (_, name) => values[name] as HostTensor);
  return { ...classifier, weights: taken(classifier.weights), buffers: taken(classifier.buffers) };
};
