import { deriveSeed } from '../../../core/random.ts';
import type { TextTypes } from '../../../task/text/language-modelling.ts';
import type { TextNetworkSize } from '../../../task/text/recipe.ts';
import type { SpaceChoice } from '../../../space/registry.ts';
import { countParameters } from '../../layers/counting.ts';
import { oneColumnOnly } from '../../layers/feature-norm.ts';
import { languageModel, tokenCost, type LanguageModel } from '../../networks/recurrent/language-model.ts';
import type { RecurrentNetwork } from '../../networks/recurrent/recurrent-network.ts';
import { endsOf, recurrentNetworkOf } from '../../networks/recurrent/registry.ts';
import { recurrentChildrenOf, recurrentMixtureOf } from '../../supernets/recurrent-registry.ts';
import { mixtureInputs } from '../mixture-inputs.ts';
import type { NetworkFacts, TensorTask } from '../tensor-task.ts';
import { sampledText } from './sampled-text.ts';
import { openTexts, textSource, type TextSource } from './text-data.ts';
import { textModel } from './text-model.ts';

interface Around {
  readonly space: SpaceChoice;
  readonly size: TextNetworkSize;
  readonly vocabulary: number;
}

const modelOf = (network: RecurrentNetwork, { space, size, vocabulary }: Around): LanguageModel =>
  languageModel(network, { vocabulary, ...endsOf(space, size) });

const BYTES = 4;

const factsOf = (network: RecurrentNetwork, around: Around): NetworkFacts => {
  const parameters = countParameters(modelOf(network, around));
  const { multiplyAdds, made, kept } = tokenCost(network, around);
  return {
    parameters,
    trainedParameters: parameters,
    multiplyAdds,
    activationBytes: BYTES * made,
    keptBytes: BYTES * kept,
    refusesBatch: (size) => (network.normalizes ? oneColumnOnly(size) : undefined),
  };
};

/** The next word of a text by a recurrent network. */
export const languageModelling: TensorTask<TextTypes, TextSource> = {
  countName: 'tokens',
  sumNames: ['nats'],
  // That of the metric, whose value overflows where this does not.
  score: ({ nats = 0, tokens = 0 }) => 0 - nats / tokens,
  load: textSource,
  open: openTexts,
  network: (tf, { vocabulary, types }, { space, genotype, network: size, recipe, seed }) => {
    const around = { space, size, vocabulary };
    const network = recurrentNetworkOf(space, genotype, size);
    const language = modelOf(network, around);
    return {
      model: textModel(tf, language, recipe, deriveSeed(seed, 'weights')),
      specimen: async () => {
        const names = await types();
        return (tensors) => sampledText(tf, language, recipe, names, tensors, deriveSeed(seed, 'specimen'));
      },
      ...factsOf(network, around),
    };
  },
  describe: ({ vocabulary }, { space, genotype, size }) =>
    factsOf(recurrentNetworkOf(space, genotype, size), { space, size, vocabulary: vocabulary.size }),
  children: (tf, { vocabulary }, { space, network: size, recipe, seed }) => {
    const { network, pathLength, path, space: cells } = recurrentChildrenOf(space, size);
    const around = { space, size, vocabulary };
    const { multiplyAdds } = factsOf(network, around);
    return {
      space: cells,
      model: textModel(tf, modelOf(network, around), recipe, deriveSeed(seed, 'weights'), {
        path: { shape: [pathLength], dtype: 'int32' },
      }),
      path: (genotype) => ({ dtype: 'int32', shape: [pathLength], data: path(genotype) }),
      // Cells of a space differ in what they read, not in what they compute.
      multiplyAdds: () => multiplyAdds,
    };
  },
  describeChildren: ({ vocabulary }, { space, size }) => {
    const facts = factsOf(recurrentChildrenOf(space, size).network, {
      space,
      size,
      vocabulary: vocabulary.size,
    });
    return () => facts;
  },
  mixture: (tf, { vocabulary }, { space, network: size, recipe, seed }) => {
    const { network, ...mixture } = recurrentMixtureOf(space, size);
    const around = { space, size, vocabulary };
    const language = modelOf(network, around);
    return {
      ...mixture,
      multiplyAdds: factsOf(network, around).multiplyAdds,
      drops: true,
      tied: language.tied,
      model: textModel(tf, language, recipe, deriveSeed(seed, 'weights'), mixtureInputs(mixture)),
    };
  },
  describeMixture: ({ vocabulary }, { space, size }) =>
    factsOf(recurrentMixtureOf(space, size).network, { space, size, vocabulary: vocabulary.size }),
};
