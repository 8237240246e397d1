import { nasnet } from '../nasnet.ts';
import { PUBLISHED_NASNET } from '../published-nasnet.ts';
import { defineSpace } from './definition.ts';

export const nasnetSpace = defineSpace('nasnet', {
  task: 'image-classification',
  options: {},
  make: () => nasnet,
  published: () => PUBLISHED_NASNET,
  sharesWeights: { by: 'children', statistics: ['batch'] },
  publishedSize: { channels: 36, layers: 20 },
});
