import { enasMicro } from '../enas-micro.ts';
import { PUBLISHED_ENAS } from '../published-enas.ts';
import { defineSpace } from './definition.ts';

export const enasMicroSpace = defineSpace('enas-micro', {
  task: 'image-classification',
  options: {},
  make: () => enasMicro,
  published: () => PUBLISHED_ENAS.micro,
  sharesWeights: { by: 'children', statistics: ['batch'] },
  publishedSize: { channels: 36, layers: 20 },
});
