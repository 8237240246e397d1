import type { TaskTerms } from '../task-terms.ts';
import { perplexity } from './perplexity.ts';

/** What language modelling's numbers are called. */
export const textTerms: TaskTerms = {
  learnt: 'the next word of texts',
  metric: perplexity,
  example: 'token',
  lossUnit: 'nats',
  specimen: 'the head of a text that it writes, drawn token by token',
};
