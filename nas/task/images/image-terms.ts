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
};
