import type { CountNetwork } from '../../experiment/measures.ts';
import { countMultiplyAdds, countParameters } from '../layers/counting.ts';
import { InvalidArchitectureError } from '../program.ts';
import { describeClassifier } from './network.ts';
import { networkOf } from './registry.ts';

/** By walking the network over shapes: no tensor is made. Without the auxiliary head, as published. */
export const countNetwork: CountNetwork = ({ space, genotype, ...setting }) => {
  try {
    const description = describeClassifier(networkOf(space, genotype), { ...setting, auxiliary: false });
    return { parameters: countParameters(description), multiplyAdds: countMultiplyAdds(description) };
  } catch (error) {
    if (error instanceof InvalidArchitectureError) return undefined;
    throw error;
  }
};
