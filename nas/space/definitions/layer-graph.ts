import type { ArchitectureGraph, Operation } from '../architecture-graph.ts';
import { autoKerasGraphs, isPool, nasbotGraphs, sourcesOf, type LayerGraph } from '../layer-graph.ts';
import { defineSpace } from './definition.ts';
import { NETWORK_ENDS, operationGraph } from './operation-graph.ts';

const layerGraphGraph = (graph: LayerGraph): ArchitectureGraph =>
  operationGraph(
    'network',
    graph.layers.map(({ label, units }): Operation => {
      if (isPool(label)) return { label, family: 'pool' };
      return { label: `${label}, ${units}`, family: label === 'fc' ? 'dense' : 'convolution' };
    }),
    sourcesOf(graph).slice(1),
    NETWORK_ENDS,
  );

export const nasbotSpace = defineSpace('nasbot', {
  task: 'image-classification',
  options: {},
  make: () => nasbotGraphs,
  graphs: (genotype) => [layerGraphGraph(genotype)],
});

export const autoKerasSpace = defineSpace('auto-keras', {
  task: 'image-classification',
  options: {},
  make: () => autoKerasGraphs,
  graphs: (genotype) => [layerGraphGraph(genotype)],
});
