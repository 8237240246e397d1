import { z } from 'zod';
import { deriveSeed, randomFromSeed } from '../../core/random.ts';
import type { Random } from '../../core/random.ts';
import { blocksAt, canonicalPnas, pnas as space, PNAS_BLOCKS } from '../../space/pnas.ts';
import type { PnasGenotype } from '../../space/pnas.ts';
import { fitLstmEnsemble, lstmOptions } from './pnas-lstm.ts';
import { fitMlpEnsemble, mlpOptions } from './pnas-mlp.ts';
import { madeFor } from './made-for.ts';
import { checkPopulation } from './population.ts';
import type { StrategyContext, StrategyDefinition } from '../strategy.ts';

const options = (evaluations: number) => {
  const first = Math.max(1, Math.min(blocksAt(0).length, Math.ceil(evaluations / PNAS_BLOCKS)));
  return z.strictObject({
    initial: z
      .number()
      .int()
      .min(1)
      .max(blocksAt(0).length)
      .describe('Cells of one block that are trained: all 136 where the budget allows.')
      .default(first),
    beam: z
      .number()
      .int()
      .min(1)
      .describe('K: cells that go on at each size.')
      .default(Math.max(1, Math.min(256, Math.floor((evaluations - first) / (PNAS_BLOCKS - 1))))),
    ensemble: z
      .number()
      .int()
      .min(1)
      .describe('Predictors, each trained on its own four fifths of what is known.')
      .default(5),
    predictor: z
      .enum(['mlp', 'lstm'])
      .describe('The MLP, which the paper chose, or the LSTM that it compares it with.')
      .default('mlp'),
    mlp: mlpOptions.describe('The MLP predictors.'),
    lstm: lstmOptions.describe('The LSTM predictors.'),
  });
};
type Options = z.infer<ReturnType<typeof options>>;
type Context = Pick<StrategyContext<Options>, 'options' | 'ports'>;

type Result = { readonly genotype: PnasGenotype; readonly score: number | null };
type Model = {
  /** Blocks of the cells under way (more rounds than blocks once cells cannot grow), and these cells. */
  readonly blocks: number;
  readonly items: readonly PnasGenotype[];
  readonly issued: number;
  /** Results of every size so far. */
  readonly results: readonly (Result & { readonly blocks: number })[];
};
/** The trial that opens a size carries its cells, so that a state can be rebuilt from its results. */
type Note = { readonly blocks: number; readonly index: number; readonly items?: readonly PnasGenotype[] };

/** Predictions for cells of one size; greater is better. */
type Predict = (genotypes: readonly PnasGenotype[]) => readonly number[];

const fitPredictor = (
  results: readonly Result[],
  { options: o, ports }: Context,
  random: Random,
): Predict => {
  const share = o.ensemble === 1 ? 1 : 0.8;
  if (o.predictor === 'mlp') return fitMlpEnsemble(results, { ...o, share }, random);
  if (ports.sequences === undefined)
    throw new TypeError('the LSTM predictor was bound without the port `sequences`');
  return fitLstmEnsemble(ports.sequences, results, { ...o, share }, random);
};

/** From here on ranking the extensions of a beam takes seconds, on a busy machine half a minute. */
const LARGE_BEAM = 128;

/** The best predicted of the candidates, `beam` of them at most. */
const best = (
  candidates: readonly PnasGenotype[],
  results: readonly Result[],
  context: Context,
  random: Random,
): readonly PnasGenotype[] => {
  const values = fitPredictor(results, context, random)(candidates);
  return candidates
    .map((genotype, i) => ({ genotype, value: values[i] as number }))
    .sort((a, b) => b.value - a.value)
    .slice(0, context.options.beam)
    .map(({ genotype }) => genotype);
};

/** Equal for cells that are the same but for the order of blocks, which are one candidate. */
const keyOf = (genotype: PnasGenotype): string => canonicalPnas(genotype).join();

/** The cells whose keys are not among `seen`, each once. */
const fresh = (genotypes: readonly PnasGenotype[], seen: ReadonlySet<string>): readonly PnasGenotype[] => {
  const met = new Set(seen);
  return genotypes.filter((genotype) => {
    const key = keyOf(genotype);
    return !met.has(key) && met.add(key);
  });
};

/** All different cells with one more block than those under way, the failed ones excepted. */
const extensions = ({ items, blocks, results }: Model): readonly PnasGenotype[] => {
  const failed = results.flatMap(({ genotype, score }) => (score === null ? [keyOf(genotype)] : []));
  const next = blocksAt(blocks);
  const larger = fresh(items, new Set(failed)).flatMap((genotype) =>
    next.map((block): PnasGenotype => [...genotype, block]),
  );
  return fresh(larger, new Set());
};

/** Cells of full size that were not tried. */
const unseen = ({ results }: Model, count: number, random: Random): readonly PnasGenotype[] =>
  fresh(
    Array.from({ length: count }, () => space.sample(random)),
    new Set(results.map(({ genotype }) => keyOf(genotype))),
  );

/** Candidates to each cell that goes on, once cells cannot grow. */
const DRAWS = 10;
/** And results that the predictors then learn from: as many networks as the paper's whole search has. */
const LEARNT = 136 + 4 * 256;

/** The cells of the next round. */
const nextItems = (model: Model, context: Context, random: Random): readonly PnasGenotype[] => {
  const { options: o } = context;
  if (model.blocks === 0) return random.sample(blocksAt(0), o.initial).map((block): PnasGenotype => [block]);
  const larger = model.blocks < PNAS_BLOCKS ? extensions(model) : [];
  if (larger.length > 0) return best(larger, model.results, context, random);
  return best(unseen(model, DRAWS * o.beam, random), model.results.slice(-LEARNT), context, random);
};

/**
 * Progressive search. Liu et al. 2018, Algorithm 1: all cells of one block are trained, then all their
 * extensions by a block (one of those that differ in the order of blocks alone) are ranked by a predictor of
 * what is known, and the best K of them trained, up to five blocks. The predictor is the paper's MLP ensemble
 * of five (§3.4, `pnas-mlp.ts`), or with `predictor: lstm` its LSTM ensemble (`pnas-lstm.ts`). Deviations:
 * the MLP has one hidden layer, on averaged one-hot features in place of averaged embeddings (both are linear
 * in what the layer reads), and learns from single cells with a learning rate that decays to zero, 50 passes
 * a size; the LSTM passes over all cells of a size at once, 50 times; the paper names neither batch nor
 * passes. Both are trained anew, size after size, for each new size; budgets below 136 · 5 train a sample of
 * the first cells and a smaller K; where the budget outlasts the last size, rounds of the best predicted of
 * unseen cells of that size follow, by predictors of the newest 1,160 results. A size waits for all results
 * of the one before, as in the paper.
 */
export const pnas: StrategyDefinition<Options, Model> = {
  name: 'pnas',
  source: 'Liu et al. 2018, "Progressive Neural Architecture Search", §3 and Algorithm 1',
  options,
  needsFractions: 'its predictors end in a sigmoid, whose targets are accuracies (Liu et al. 2018, §3.4)',
  refuses: madeFor([space], 'it grows cells block by block (pnas); surrogate searches other spaces'),
  thinksLong: ({ predictor, beam }) => predictor === 'lstm' || beam >= LARGE_BEAM,
  check: ({ options: { initial }, evaluations }) => checkPopulation('initial', initial, evaluations),
  init: () => ({ blocks: 0, items: [], issued: 0, results: [] }),
  propose: (model, context) => {
    const { ordinal, seed } = context;
    const { blocks, items, issued, results } = model;
    if (issued < items.length)
      return { genotype: items[issued] as PnasGenotype, note: { blocks, index: issued } };
    if (results.filter((result) => result.blocks === blocks).length < items.length) return undefined;
    const next = nextItems(model, context, randomFromSeed(deriveSeed(seed, 'pnas', 'fit', ordinal)));
    return { genotype: next[0] as PnasGenotype, note: { blocks: blocks + 1, index: 0, items: next } };
  },
  register: (model, trial) => {
    const { blocks, index, items } = trial.note as Note;
    if (blocks < model.blocks) return model;
    const same = blocks === model.blocks;
    return {
      ...model,
      blocks,
      items: items ?? (same ? model.items : []),
      issued: Math.max(same ? model.issued : 0, index + 1),
    };
  },
  learn: (model, results) => ({
    ...model,
    results: [
      ...model.results,
      ...results.map(({ trial, score }) => ({
        genotype: trial.genotype as PnasGenotype,
        score: score ?? null,
        blocks: (trial.note as Note).blocks,
      })),
    ],
  }),
};
