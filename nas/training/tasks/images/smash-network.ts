import type { SearchSpec } from '../../../job/program-spec.ts';
import { smashSpace } from '../../../space/definitions/smash.ts';
import { smash } from '../../../space/smash.ts';
import { deriveSeed, type Random } from '../../../core/random.ts';
import type { SmashGenotype } from '../../../space/smash-genotype.ts';
import { smashMemory, smashMultiplyAdds } from '../../supernets/smash-cost.ts';
import { oneValueOnly } from '../../layers/batch-norm.ts';
import { smashSupernet } from '../../supernets/smash-supernet.ts';
import type { Tensor, Tf } from '../../graph/tensor.ts';
import type { ImageManifest } from '../../../task/images/manifest.ts';
import { settingOf } from './image-classification.ts';
import type { ImageTypes } from '../../../task/images/image-classification.ts';
import { sharedClassifier, type SharedClassifier } from './gated-supernet.ts';
import type { ImageSource } from './image-data.ts';
import type { NetworkFacts } from '../tensor-task.ts';

/** The space's options; the experiment's checks let no other space get here. Throws `ZodError` for one. */
const optionsOf = ({ space }: Pick<SearchSpec<'smash'>, 'space'>) => smashSpace.schema.parse(space);

/** What a random architecture with generated weights costs, under the weights that generate those of all. */
export const randomGenerated = (
  spec: SearchSpec<'smash', ImageTypes>,
  manifest: ImageManifest,
): ((random: Random) => NetworkFacts) => {
  const space = optionsOf(spec);
  const setting = settingOf(manifest, spec.network);
  const { batchSize } = spec.recipe;
  const multiplyAdds = smashMultiplyAdds(space, setting, spec.strategy.hypernet, batchSize);
  const memory = smashMemory(space, setting, spec.strategy.hypernet, batchSize);
  const { sample } = smash(space);
  return (random) => {
    const genotype = sample(random);
    return {
      parameters: memory.parameters,
      trainedParameters: memory.parameters,
      multiplyAdds: multiplyAdds(genotype),
      ...memory.of(genotype),
      refusesBatch: (size) => oneValueOnly(size, memory.leastPixels),
    };
  };
};

/** SMASH's main network and HyperNet at the sizes of a search. */
export const smashNetworkFor = (
  tf: Tf,
  data: Pick<ImageSource, 'shape' | 'classes'>,
  spec: SearchSpec<'smash', ImageTypes>,
): SharedClassifier => {
  const { strategy, network, recipe, seed } = spec;
  const space = optionsOf(spec);
  const setting = { size: network, image: data.shape, classes: data.classes, auxiliary: false };
  const supernet = smashSupernet(tf, space, setting, strategy.hypernet, deriveSeed(seed, 'weights'));
  const { pathLength } = supernet;
  const multiplyAdds = smashMultiplyAdds(space, setting, strategy.hypernet, recipe.batchSize);
  return {
    space: smashSpace.make(space),
    path: (genotype) => ({
      dtype: 'int32',
      shape: [pathLength],
      data: supernet.path(genotype as SmashGenotype),
    }),
    multiplyAdds: (genotype) => multiplyAdds(genotype as SmashGenotype),
    ...sharedClassifier(
      tf,
      {
        weights: supernet.weights,
        buffers: {},
        inputs: { path: { shape: [pathLength], dtype: 'int32' } },
        train: ({ vars, x, inputs, trace, drop }) => ({
          logits: supernet.logits({ vars, x, path: inputs['path'] as Tensor, trace, drop }),
          buffers: {},
        }),
        evaluate: ({ vars, x, inputs, trace }) =>
          supernet.logits({ vars, x, path: inputs['path'] as Tensor, trace }),
      },
      recipe,
    ),
  };
};
