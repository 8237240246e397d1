import { hierarchical, hierarchicalFlat } from '../hierarchical.ts';
import { defineSpace } from './definition.ts';

export const hierarchicalSpace = defineSpace('hierarchical', {
  task: 'image-classification',
  options: {},
  make: () => hierarchical,
});

export const hierarchicalFlatSpace = defineSpace('hierarchical-flat', {
  task: 'image-classification',
  options: {},
  make: () => hierarchicalFlat,
});
