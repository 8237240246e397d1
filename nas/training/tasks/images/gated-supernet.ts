import { countMultiplyAdds, parameterNames } from '../../layers/counting.ts';
import { pathGrouping, pathSupernet } from '../../supernets/gated-path.ts';
import { describePath, describeSupernet, pathLength, supernetVariables } from '../../supernets/supernet.ts';
import type { Supernet } from '../../supernets/supernet.ts';
import type { Mode } from '../../layers/tensor-layers.ts';
import type { Tensor, Tf } from '../../graph/tensor.ts';
import type { ImageRecipe } from '../../../task/images/recipe.ts';
import type { Classifier, ForwardCall } from '../../networks/classifier.ts';
import type { ScoreStatistics } from '../../../space/definitions/definition.ts';
import type { Children } from '../tensor-task.ts';
import { imageModel } from './image-model.ts';
import { splitVariables } from '../../networks/split-variables.ts';

/** Children that classify images. */
export interface SharedClassifier extends Children {
  readonly classifier: Classifier;
}

/** Shared weights drop no paths: a child is one. */
export const sharedClassifier = (
  tf: Tf,
  classifier: Classifier,
  recipe: ImageRecipe,
): Pick<SharedClassifier, 'classifier' | 'model'> => ({
  classifier,
  model: imageModel(tf, classifier, recipe, () => 0),
});

/**
 * Children that share weights on the edges of a supernet: one call runs one path.
 *
 * @throws InvalidArchitectureError if the network cannot be built at this size.
 */
export const gatedSupernet = (
  tf: Tf,
  supernet: Supernet,
  seed: number,
  statistics: ScoreStatistics,
  recipe: ImageRecipe,
): SharedClassifier => {
  const forward = ({ vars, places, x, inputs, trace }: ForwardCall, mode: Mode) =>
    pathSupernet(tf, supernet, vars, x, inputs['path'] as Tensor, trace, mode, places);
  return {
    space: supernet.space,
    path: (genotype) => {
      const data = supernet.encodePath(genotype);
      return { dtype: 'int32', shape: [data.length], data };
    },
    multiplyAdds: (genotype) => countMultiplyAdds(describePath(supernet, supernet.encodePath(genotype))),
    ...sharedClassifier(
      tf,
      {
        ...splitVariables(supernetVariables(supernet, seed), parameterNames(describeSupernet(supernet))),
        grouping: pathGrouping(supernet),
        inputs: { path: { shape: [pathLength(supernet)], dtype: 'int32' } },
        train: (call) => forward(call, { kind: 'train', trace: call.trace, drop: call.drop }),
        evaluate: (call) =>
          forward(call, statistics === 'batch' ? { kind: 'train', trace: call.trace } : { kind: 'evaluate' })
            .logits,
      },
      recipe,
    ),
  };
};
