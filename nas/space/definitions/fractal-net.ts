import { fractalNet } from '../fractal-net.ts';
import { defineSpace } from './definition.ts';

export const fractalNetSpace = defineSpace('fractal-net', {
  task: 'image-classification',
  options: {},
  make: () => fractalNet,
});
