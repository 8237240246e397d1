import { geneticCnn } from '../genetic-cnn.ts';
import { defineSpace } from './definition.ts';

export const geneticCnnSpace = defineSpace('genetic-cnn', {
  task: 'image-classification',
  options: {},
  make: () => geneticCnn,
});
