import type { Method } from './spec.ts';

interface Published {
  readonly mean: number;
  readonly sd: number;
}

/**
 * Test accuracy on CIFAR-10 of the cells that searches chose, in percent, over three searches (Dong & Yang
 * 2020, arXiv 2001.00326v2, Table 5); null where a method is not in that table.
 */
export const PUBLISHED_TRUTH: Readonly<Record<Method | 'gdas', Published | null>> = {
  'random-weight-sharing': { mean: 84.07, sd: 3.61 },
  enas: { mean: 53.89, sd: 0.58 },
  darts: { mean: 54.3, sd: 0 },
  gdas: { mean: 93.61, sd: 0.09 },
  snas: null,
};
