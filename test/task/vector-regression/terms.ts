import { createMetric } from '../../../nas/task/metric.ts';
import type { TaskTerms } from '../../../nas/task/task-terms.ts';
import type { TaskKind } from '../../../nas/task/terms.ts';

/**
 * A second task, for tests alone: a number from a vector, measured by an error that has no bound and is
 * better the lower it is.
 */
export const VECTOR_REGRESSION = 'vector-regression' as TaskKind;

export const vectorTerms: TaskTerms = {
  learnt: 'a number from a vector',
  metric: createMetric({
    name: 'mean squared error',
    unit: '',
    differenceUnit: { long: '', short: '' },
    direction: 'lower',
    range: [0, Number.POSITIVE_INFINITY],
    axis: 'g',
    scale: 1,
    digits: 4,
  }),
  example: 'vector',
  lossUnit: '',
};
