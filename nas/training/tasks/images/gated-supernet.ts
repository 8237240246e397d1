import type { Json } from '../../../core/json.ts';
import { countMultiplyAdds, parameterNames } from '../../layers/counting.ts';
import { pathGrouping, pathSupernet } from '../../supernets/gated-path.ts';
import type { ScoreStatistics } from '../../supernets/shared-network.ts';
import { describePath, describeSupernet, pathLength, supernetVariables } from '../../supernets/supernet.ts';
import type { Supernet } from '../../supernets/supernet.ts';
import type { Mode } from '../../layers/tensor-layers.ts';
import type { Tensor, Tf } from '../../graph/tensor.ts';
import type { HostTensor } from '../../program.ts';
import type { Space } from '../../../space/space.ts';
import type { Classifier, ForwardCall } from '../../networks/classifier.ts';
import { splitVariables } from '../../networks/split-variables.ts';

/** A supernet of which one call runs one path. */
export interface GatedSupernet<G extends Json = Json> {
  readonly space: Space<G>;
  /** Takes the input `path`. */
  readonly classifier: Classifier;
  /** int32, one entry an edge. */
  path(genotype: G): HostTensor;
  /** Of one image, forward, through the path of a genotype. */
  multiplyAdds(genotype: G): number;
}

/** @throws InvalidArchitectureError if the network cannot be built at this size. */
export const gatedSupernet = (
  tf: Tf,
  supernet: Supernet,
  seed: number,
  statistics: ScoreStatistics,
): GatedSupernet => {
  const forward = ({ vars, places, x, inputs, trace }: ForwardCall, mode: Mode) =>
    pathSupernet(tf, supernet, vars, x, inputs['path'] as Tensor, trace, mode, places);
  return {
    space: supernet.space,
    path: (genotype) => {
      const data = supernet.encodePath(genotype);
      return { dtype: 'int32', shape: [data.length], data };
    },
    multiplyAdds: (genotype) => countMultiplyAdds(describePath(supernet, supernet.encodePath(genotype))),
    classifier: {
      ...splitVariables(supernetVariables(supernet, seed), parameterNames(describeSupernet(supernet))),
      grouping: pathGrouping(supernet),
      inputs: { path: { shape: [pathLength(supernet)], dtype: 'int32' } },
      train: (call) => forward(call, { kind: 'train', trace: call.trace, drop: call.drop }),
      evaluate: (call) =>
        forward(call, statistics === 'batch' ? { kind: 'train', trace: call.trace } : { kind: 'evaluate' })
          .logits,
    },
  };
};
