import type { SmashSearchSpec } from '../../job/job.ts';
import { chosenSpace } from '../../space/space-schema.ts';
import { deriveSeed } from '../../core/random.ts';
import type { SmashGenotype } from '../../space/smash-genotype.ts';
import { smashMultiplyAdds } from '../supernets/smash-cost.ts';
import { smashSupernet } from '../supernets/smash-supernet.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { GatedSupernet } from './gated-supernet.ts';
import type { ProgramResources } from './resources.ts';

/** SMASH's main network and HyperNet at the sizes of a search. The experiment's checks let no other space get here. */
export const smashNetworkFor = (
  { space, strategy, network, recipe, seed }: SmashSearchSpec,
  { tf, data }: ProgramResources,
): GatedSupernet => {
  if (space.name !== 'smash') throw new Error(`smash searches its own space, not ${space.name}`);
  const setting = { size: network, image: data.shape, classes: data.classes, auxiliary: false };
  const supernet = smashSupernet(tf, space, setting, strategy.hypernet, deriveSeed(seed, 'weights'));
  const { pathLength } = supernet;
  const multiplyAdds = smashMultiplyAdds(space, setting, strategy.hypernet, recipe.batchSize);
  return {
    space: chosenSpace(space),
    path: (genotype) => ({
      dtype: 'int32',
      shape: [pathLength],
      data: supernet.path(genotype as SmashGenotype),
    }),
    multiplyAdds: (genotype) => multiplyAdds(genotype as SmashGenotype),
    classifier: {
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
  };
};
