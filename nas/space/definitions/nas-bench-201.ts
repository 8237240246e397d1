import { nasBench201 } from '../nas-bench-201.ts';
import { defineSpace } from './definition.ts';

export const nasBench201Space = defineSpace('nas-bench-201', {
  task: 'image-classification',
  options: {},
  make: () => nasBench201,
  uniform: true,
  sharesWeights: { by: 'edges', statistics: ['running', 'batch'] },
});
