import { z } from 'zod';
import { spacesSharing } from '../../space/registry.ts';
import { inputError, type InputError } from '../../core/input-error.ts';
import { architectureAdam, checkMixture, checkMixtureData, mixtureCourse } from './mixture.ts';
import type { MixturePlan } from './mixture.ts';
import { oneJobSearch, type SearchToCheck } from './one-job-search.ts';

/** What a search watches of the validation loss's curvature in the alphas (Zela et al. 2020, §3 and §4.3). */
const diagnostics = z.strictObject({
  hessianEvery: z
    .number()
    .int()
    .min(1)
    .describe('Epochs between two measurements of the dominant eigenvalue of its Hessian.'),
  iterations: z
    .number()
    .int()
    .min(2)
    .describe('Power iterations of a measurement; each passes one minibatch forward and backward twice.')
    .default(10),
  earlyStopping: z
    .boolean()
    .describe(
      'End the search when the eigenvalue has risen to 4/3 of what it was five epochs ago, with the cell of then.',
    )
    .default(false),
});

const options = z.strictObject({
  optimization: z
    .enum(['second-order', 'first-order', 'coordinate-descent', 'joint-sgd'])
    .describe(
      'Bilevel with or without the second-order term (§2.3), or one of the two ablations on both halves (§3.1.1).',
    )
    .default('second-order'),
  unrolling: z
    .enum(['clipped', 'clipped-as-released'])
    .describe(
      'The step ahead of the second-order term: absent, a step of the optimizer, as the convolutional search; `clipped`: by clipped gradients, in the product too, as the recurrent one (rnn/architect.py:12-22, :82-107); `clipped-as-released` leaves the matrix that embedding and decoder share where it was, as that code does (:71-80).',
    )
    .optional(),
  architecture: architectureAdam
    .describe("Adam of the alphas; `joint-sgd` uses the recipe's optimizer instead.")
    .prefault({}),
  diagnostics: diagnostics
    .describe(
      "What is watched of the validation loss's curvature in the alphas (Zela et al. 2020); absent: nothing.",
    )
    .optional(),
});
type DartsOptions = z.infer<typeof options>;

const PLANS = {
  'second-order': { trainsOn: 'train', searchesOn: 'validation', passes: { training: 4, search: 1 } },
  'first-order': { trainsOn: 'train', searchesOn: 'validation', passes: { training: 1, search: 1 } },
  'coordinate-descent': {
    trainsOn: 'train+validation',
    searchesOn: 'train+validation',
    passes: { training: 1, search: 1 },
  },
  'joint-sgd': { trainsOn: 'train+validation', passes: { training: 1, search: 0 } },
} as const satisfies Record<DartsOptions['optimization'], MixturePlan>;

/** Which images a step of DARTS reads, and how often. */
export const dartsPlan = (settings: DartsOptions): MixturePlan => ({
  ...PLANS[settings.optimization],
  ...(settings.diagnostics && {
    diagnosis: {
      every: settings.diagnostics.hessianEvery,
      iterations: settings.diagnostics.iterations,
    },
  }),
});

/** Which steps ahead are taken, and of what. */
function* checkUnrolling({ options, recipe, place }: SearchToCheck<DartsOptions>): Generator<InputError> {
  const { optimization, unrolling } = options;
  if (unrolling === undefined) return;
  const field = place(['strategy', 'unrolling']);
  if (optimization !== 'second-order')
    yield inputError(
      field,
      unrolling,
      `none with optimization: ${optimization}, which takes no step ahead`,
      'leave it out',
    );
  if (recipe.optimizer.momentum !== undefined && recipe.optimizer.momentum !== 0)
    yield inputError(
      place(['stages', 'search', 'recipe', 'optimizer', 'momentum']),
      recipe.optimizer.momentum,
      `0 with strategy.unrolling: ${unrolling}, whose step ahead is plain descent`,
      'write momentum: 0, or leave strategy.unrolling out',
    );
}

/** DARTS: a mixture of all operations, whose alphas are moved by the validation loss. */
export const darts = oneJobSearch({
  name: 'darts',
  source: 'DARTS (Liu et al. 2019): one cell a search seed.',
  options,
  program: 'mixture-search',
  trains: 'mixture',
  spaces: spacesSharing('edges'),
  *check(search) {
    yield* checkMixture(search);
    yield* checkUnrolling(search);
    const { recipe, place } = search;
    const { optimizer } = recipe;
    if (
      search.options.optimization === 'second-order' &&
      (optimizer.kind !== 'sgd' || optimizer.nesterov === true)
    )
      yield inputError(
        place(['stages', 'search', 'recipe', 'optimizer']),
        optimizer.kind === 'sgd' ? 'sgd with nesterov' : optimizer.kind,
        'sgd without nesterov: the second-order term is that of one such step ahead',
        'use kind: sgd, or strategy.optimization: first-order',
      );
  },
  checkData: (search, parts, dataset) => checkMixtureData(search, dartsPlan(search.options), parts, dataset),
  course: (settings, recipe, cuts) => mixtureCourse(dartsPlan(settings), recipe, cuts),
});
