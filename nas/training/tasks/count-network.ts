import type { CountNetwork } from '../../experiment/measures.ts';
import { InvalidArchitectureError } from '../program.ts';
import { tensorTaskOf } from './registry.ts';

/** By walking the network over shapes: no tensor is made. */
export const countNetwork: CountNetwork = ({ data, ...network }) => {
  try {
    const { parameters, multiplyAdds } = tensorTaskOf(data.task).describe(data, network);
    return { parameters, multiplyAdds };
  } catch (error) {
    if (error instanceof InvalidArchitectureError) return undefined;
    throw error;
  }
};
