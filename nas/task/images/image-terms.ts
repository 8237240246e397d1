import { createMetric } from '../metric.ts';
import type { TaskTerms } from '../task-terms.ts';

/** What image classification's numbers are called. */
export const imageTerms: TaskTerms = {
  learnt: 'classes of images',
  metric: createMetric({
    name: 'accuracy',
    unit: '%',
    differenceUnit: { long: 'percentage points', short: 'points' },
    direction: 'higher',
    range: [0, 1],
    axis: 'p',
    scale: 100,
    digits: 2,
  }),
  example: 'image',
  lossUnit: 'nats',
  // Winners of random search chosen by one short training, as simulated in docs/verdict.md; trainings as
  // published of cells with ten seeds (Li & Talwalkar 2019: 0.08 to 0.19).
  assumedSpreads: { searches: 0.18, trainings: 0.12, source: 'as on CIFAR-10' },
};
