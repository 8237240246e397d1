import type { Experiment } from '../../experiment/experiment.ts';
import type { MixtureSearchSpec } from '../../job/job.ts';

/** Which images a strategy's steps read, and how often. */
export interface MixturePlan {
  /** Images that train the weights. */
  readonly trainsOn: 'train' | 'train+validation';
  /** Images of the alphas' own minibatch; none where both move on the same. */
  readonly searchesOn?: 'validation' | 'train+validation';
  /** Forward passes, each with a backward pass, of one step: on training and on search images. */
  readonly passes: { readonly training: number; readonly search: number };
}

const DARTS = {
  'second-order': {
    trainsOn: 'train',
    searchesOn: 'validation',
    passes: { training: 4, search: 1 },
  },
  'first-order': { trainsOn: 'train', searchesOn: 'validation', passes: { training: 1, search: 1 } },
  'coordinate-descent': {
    trainsOn: 'train+validation',
    searchesOn: 'train+validation',
    passes: { training: 1, search: 1 },
  },
  'joint-sgd': { trainsOn: 'train+validation', passes: { training: 1, search: 0 } },
} as const satisfies Record<Extract<Experiment['strategy'], { name: 'darts' }>['optimization'], MixturePlan>;

export const mixturePlan = (strategy: MixtureSearchSpec['strategy']): MixturePlan =>
  strategy.name === 'snas'
    ? // One minibatch moves everything; the held-out part is only evaluated.
      { trainsOn: strategy.trainsOn, passes: { training: 1, search: 0 } }
    : DARTS[strategy.optimization];
