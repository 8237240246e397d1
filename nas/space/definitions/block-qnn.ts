import { blockQnn } from '../block-qnn.ts';
import { defineSpace } from './definition.ts';

export const blockQnnSpace = defineSpace('block-qnn', {
  task: 'image-classification',
  options: {},
  make: () => blockQnn,
});
