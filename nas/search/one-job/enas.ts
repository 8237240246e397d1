import { z } from 'zod';
import { inputError } from '../../core/input-error.ts';
import { checkAllDigits, checkUnused, checkWholeMinibatch } from './checks.ts';
import { scoring, training } from './course.ts';
import type { SearchSegment, Work } from './course.ts';
import { oneJobSearch } from './one-job-search.ts';

/** The recurrent controller and its training; defaults as Pham et al. 2018, §3 and §2.2. */
const controller = z.strictObject({
  hiddenUnits: z.number().int().min(1).describe('Units of the LSTM.').default(100),
  learningRate: z.number().positive().describe('Of Adam.').default(3.5e-4),
  beta1: z
    .number()
    .min(0)
    .lt(1)
    .describe(
      "Of Adam; this and ε as in the authors' code (`utils.py:218`), of which the paper says nothing.",
    )
    .default(0),
  epsilon: z.number().positive().describe('Of Adam, beside the uncorrected root.').default(1e-3),
  updates: z
    .number()
    .int()
    .min(1)
    .describe('Steps of the controller after each epoch of the shared weights.')
    .default(2000),
  samples: z
    .number()
    .int()
    .min(1)
    .describe('Architectures of one step, each rewarded by its accuracy on one validation minibatch.')
    .default(1),
  temperature: z
    .number()
    .positive()
    .describe('Logits become tanhConstant · tanh(logits / temperature).')
    .default(5),
  tanhConstant: z.number().positive().describe('Bound of the logits; see `temperature`.').default(2.5),
  operationTanhConstant: z
    .number()
    .positive()
    .describe(
      "The constant of the operations' logits, which the authors' micro search divides by 2.5; `tanhConstant` when absent.",
    )
    .optional(),
  entropyWeight: z
    .number()
    .min(0)
    .describe(
      "Weight of the entropy (nats) in the reward; the macro space counts the chosen values alone, as the authors' code (`general_controller.py:206–210`, `236–242`).",
    )
    .default(1e-4),
  baselineDecay: z
    .number()
    .min(0)
    .lt(1)
    .describe('Share of the old baseline in the moving average of rewards.')
    .default(0.99),
  rewardConstant: z
    .number()
    .positive()
    .describe(
      'c where the reward is c / value of the metric: 80 / perplexity in the recurrent search (Pham et al. 2018, §3.1); absent: the score, where scores lie between 0 and 1.',
    )
    .optional(),
  skipTarget: z
    .number()
    .gt(0)
    .lt(1)
    .describe('Macro space: the probability that skip connections should have.')
    .default(0.4),
  skipWeight: z
    .number()
    .min(0)
    .describe("Weight of the divergence from `skipTarget` in the controller's loss.")
    .default(0.8),
});

/** ENAS: shared weights and a controller in turns. */
export const enas = oneJobSearch({
  name: 'enas',
  source: 'ENAS (Pham et al. 2018): shared weights and a controller in turns.',
  options: z.strictObject({
    controller: controller.describe('The recurrent controller and its training.').prefault({}),
    candidates: z
      .number()
      .int()
      .min(1)
      .describe(
        'Architectures drawn from the trained controller, all scored on the same validation minibatch (§2.2).',
      )
      .default(10),
  }),
  program: 'enas-search',
  trains: 'children',
  spaces: ['enas-macro', 'enas-micro', 'darts-cnn', 'nas-bench-201', 'enas-rnn'],
  candidates: ({ candidates }) => candidates,
  *check(search) {
    yield* checkAllDigits(search);
    yield* checkUnused(search, ['auxiliaryWeight', 'dropPath', 'emaDecay']);
    const { options, scores, place } = search;
    const { rewardConstant } = options.controller;
    const field = place(['strategy', 'controller', 'rewardConstant']);
    if (scores.areFractions ? rewardConstant !== undefined : rewardConstant === undefined)
      yield inputError(
        field,
        rewardConstant ?? 'nothing',
        `${rewardConstant === undefined ? 'a number' : 'left out'}: ${scores.text}`,
        rewardConstant === undefined
          ? 'write 80, as Pham et al. 2018, §3.1, for perplexities'
          : 'remove the field',
      );
  },
  checkData: (search, parts, dataset) =>
    checkWholeMinibatch(search, parts, dataset, 'architectures are scored on whole minibatches'),
  course: (options, { epochs }, cuts) => {
    const shared = cuts.training('train', 'data');
    const drawn = cuts.drawn('reward-data');
    const rewarded = options.controller.updates * options.controller.samples;
    const deriving = (): Work => {
      const { passes } = scoring(drawn, 1, epochs * rewarded);
      return {
        units: options.candidates,
        passes: { trained: 0, scored: options.candidates * passes.scored },
      };
    };
    return [
      ...Array.from({ length: epochs }, (_, epoch): SearchSegment<'shared-weights' | 'controller'>[] => [
        { kind: 'shared-weights', index: epoch, ...training(shared, epoch) },
        { kind: 'controller', index: epoch, ...scoring(drawn, rewarded, epoch * rewarded) },
      ]).flat(),
      // All of them on one minibatch.
      { kind: 'deriving', index: epochs, ...deriving() } as const,
    ];
  },
});
