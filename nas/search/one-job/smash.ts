import { z } from 'zod';
import { checkAllDigits, checkUnused, checkWholeMinibatch } from './checks.ts';
import { repeated, scoringInOrder, training, unpadded } from './course.ts';
import { oneJobSearch } from './one-job-search.ts';

/** The network that generates weights; defaults as ajbrock/SMASH 76aebd1, `SMASH.py:278–281`. */
const hypernet = z.strictObject({
  layers: z
    .array(z.number().int().min(0))
    .length(3)
    .describe('Convolutions of its three dense blocks.')
    .default([8, 10, 4]),
  growth: z.number().int().min(1).describe('Filters of each.').default(10),
});

/** SMASH: architectures with weights that a HyperNet generates; defaults as its `utils.py:179–187`. */
export const smash = oneJobSearch({
  name: 'smash',
  source: 'SMASH (Brock et al. 2018): weights by a HyperNet.',
  options: z.strictObject({
    hypernet: hypernet.describe('The network that generates weights.').prefault({}),
    candidates: z
      .number()
      .int()
      .min(1)
      .describe('Architectures sampled and scored when training is over.')
      .default(500),
    perturbations: z
      .number()
      .int()
      .min(0)
      .describe('Perturbations of the best of them, scored next.')
      .default(100),
    chain: z
      .number()
      .int()
      .min(0)
      .describe('Then steps of a Markov chain: each perturbs the best architecture so far.')
      .default(100),
    scoreMinibatches: z
      .number()
      .int()
      .min(1)
      .describe(
        'Validation minibatches that score an architecture, the same for all; the whole validation set when absent.',
      )
      .optional(),
  }),
  program: 'smash-search',
  trains: 'generated weights',
  spaces: ['smash'],
  candidates: ({ candidates, perturbations, chain }) => candidates + perturbations + chain,
  *check(search) {
    yield* checkAllDigits(search);
    yield* checkUnused(search, ['auxiliaryWeight', 'dropPath', 'emaDecay']);
  },
  checkData: (search, parts, dataset) =>
    checkWholeMinibatch(search, parts, dataset, 'architectures are scored on whole minibatches'),
  course: (options, { epochs }, cuts) => {
    const { candidates, perturbations, chain, scoreMinibatches = Infinity } = options;
    const generated = cuts.training('train', 'data');
    const whole = cuts.inOrder('validation');
    const scores = scoringInOrder(whole, Math.min(scoreMinibatches, unpadded(whole)));
    return [
      ...repeated('training', epochs, (epoch) => training(generated, epoch)),
      ...repeated('scoring', candidates, () => scores),
      ...repeated('perturbing', perturbations + chain, () => scores, candidates),
    ];
  },
});
