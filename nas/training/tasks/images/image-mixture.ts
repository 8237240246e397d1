import { deriveSeed } from '../../../core/random.ts';
import type { ImageRecipe } from '../../../task/images/recipe.ts';
import type { Tensor, Tf } from '../../graph/tensor.ts';
import { group, mapValues } from '../../graph/variable-groups.ts';
import { countMultiplyAdds, parameterNames } from '../../layers/counting.ts';
import { splitVariables } from '../../networks/split-variables.ts';
import { mixtureSupernet } from '../../supernets/mixture.ts';
import { describeSupernet, supernetVariables, type Supernet } from '../../supernets/supernet.ts';
import { mixtureInputs } from '../mixture-inputs.ts';
import type { Mixture } from '../tensor-task.ts';
import { edgeCosts } from './edge-costs.ts';
import { correctOf, evaluated, labelled } from './image-model.ts';
import { crossEntropy } from './losses.ts';

/**
 * The mixture network of a supernet of edges, which classifies images. Drop-path, where a step has a
 * probability of it, falls on the sum of each edge.
 *
 * @throws InvalidArchitectureError if the supernet cannot be built at this size.
 */
export const imageMixture = (
  tf: Tf,
  supernet: Supernet,
  { labelSmoothing }: Pick<ImageRecipe, 'labelSmoothing'>,
  seed: number,
): Mixture => {
  const { space, operations, kinds } = supernet;
  const description = describeSupernet(supernet);
  const skip = operations.indexOf('skip_connect');
  return {
    space,
    operations,
    kinds,
    multiplyAdds: countMultiplyAdds(description),
    derive: (weights) => supernet.derive(weights),
    ...(skip >= 0 && {
      skipConnects: (genotype) => {
        const path = supernet.encodePath(genotype);
        let at = 0;
        return mapValues(
          kinds,
          (edges) => path.slice(at, (at += edges)).filter((operation) => operation === skip).length,
        );
      },
    }),
    edgeCosts: () => edgeCosts(supernet),
    model: {
      ...splitVariables(
        supernetVariables(supernet, deriveSeed(seed, 'weights')),
        parameterNames(description),
      ),
      inputs: mixtureInputs(supernet),
      train: ({ trace, vars, batch, inputs, scheduled, seed }) => {
        const { x, y } = labelled(batch);
        const { dropPath } = scheduled as { readonly dropPath?: Tensor };
        const drop = seed && { seed, ...(dropPath && { dropPath }) };
        const { logits, buffers } = mixtureSupernet(tf, supernet, vars, x, group('edges', inputs), {
          kind: 'train',
          trace,
          ...(drop && { drop }),
        });
        const loss = crossEntropy(tf, logits, y, labelSmoothing);
        return { loss, main: loss, sums: correctOf(tf, logits, y), buffers };
      },
      evaluate: ({ vars, batch, inputs }) => {
        const { x, y } = labelled(batch);
        const { logits } = mixtureSupernet(tf, supernet, vars, x, group('edges', inputs), {
          kind: 'evaluate',
        });
        return evaluated(tf, logits, y);
      },
    },
  };
};
