import { pnas } from '../pnas.ts';
import { PUBLISHED_PNAS } from '../published-nasnet.ts';
import { defineSpace } from './definition.ts';

export const pnasSpace = defineSpace('pnas', {
  task: 'image-classification',
  options: {},
  make: () => pnas,
  published: () => PUBLISHED_PNAS,
  sharesWeights: { by: 'children', statistics: ['batch'] },
  publishedSize: { channels: 36, layers: 20 },
});
