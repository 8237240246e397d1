import { createMetric } from '../../../nas/task/metric.ts';
import type { TaskTerms } from '../../../nas/task/task-terms.ts';
import type { TaskKind } from '../../../nas/task/terms.ts';

/**
 * A task for tests alone: the next symbol of a sequence. Its networks carry a state from minibatch to
 * minibatch, its minibatches are of two lengths, and its metric is better the lower it is.
 */
export const SYMBOLS = 'symbols' as TaskKind;

export const symbolTerms: TaskTerms = {
  learnt: 'the next symbol of a sequence',
  metric: createMetric({
    name: 'perplexity',
    unit: '',
    differenceUnit: { long: '', short: '' },
    direction: 'lower',
    range: [1, Number.POSITIVE_INFINITY],
    axis: 'g',
    scale: 1,
    digits: 3,
  }),
  example: 'symbol',
  lossUnit: 'nats',
};
