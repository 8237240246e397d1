import { nasRlGrowing } from '../nas-rl.ts';
import { defineSpace } from './definition.ts';

export const nasRlGrowingSpace = defineSpace('nas-rl-growing', {
  task: 'image-classification',
  options: {},
  make: () => nasRlGrowing(),
});
