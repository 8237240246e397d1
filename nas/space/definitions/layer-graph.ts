import { autoKerasGraphs, nasbotGraphs } from '../layer-graph.ts';
import { defineSpace } from './definition.ts';

export const nasbotSpace = defineSpace('nasbot', {
  task: 'image-classification',
  options: {},
  make: () => nasbotGraphs,
});

export const autoKerasSpace = defineSpace('auto-keras', {
  task: 'image-classification',
  options: {},
  make: () => autoKerasGraphs,
});
