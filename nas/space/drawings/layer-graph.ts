import type { ArchitectureGraph, Operation } from './architecture-graph.ts';
import { isPool, sourcesOf, type LayerGraph } from '../layer-graph.ts';
import { NETWORK_ENDS, operationGraph } from './operation-graph.ts';

export const layerGraphGraph = (graph: LayerGraph): ArchitectureGraph =>
  operationGraph(
    'network',
    graph.layers.map(({ label, units }): Operation => {
      if (isPool(label)) return { label, family: 'pool' };
      return { label: `${label}, ${units}`, family: label === 'fc' ? 'dense' : 'convolution' };
    }),
    sourcesOf(graph).slice(1),
    NETWORK_ENDS,
  );
