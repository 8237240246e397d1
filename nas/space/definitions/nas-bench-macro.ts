import { nasBenchMacro } from '../nas-bench-macro.ts';
import { defineSpace } from './definition.ts';

export const nasBenchMacroSpace = defineSpace('nas-bench-macro', {
  task: 'image-classification',
  options: {},
  make: () => nasBenchMacro,
});
