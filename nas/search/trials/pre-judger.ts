import { z } from 'zod';
import type { Json } from '../../core/json.ts';
import { deriveSeed, randomFromSeed } from '../../core/random.ts';
import type { Space } from '../../space/space.ts';
import { checkPart } from './check-part.ts';
import { growing } from './growing.ts';
import { addToSorted, ascending, insertSorted } from './sorted-list.ts';
import { normalScores } from './model-guided.ts';
import { networkKey } from './network-key.ts';
import { fitPerceptron } from './perceptron.ts';
import { checkPopulation } from './population.ts';
import type { Learned, Proposal, StrategyContext, StrategyDefinition, Trial } from '../strategy.ts';

/** Options of the judge beside those of the strategy that it judges for. */
const options =
  <O extends Json>(inner: StrategyDefinition<O, Json>) =>
  (evaluations: number) =>
    z.strictObject({
      warmUp: z
        .number()
        .int()
        .min(1)
        .describe('Results before the first judgement: a fifth of the budget, of small budgets up to a half.')
        .default(
          Math.max(Math.min(10, Math.ceil(evaluations / 2)), Math.min(50, Math.round(evaluations / 5))),
        ),
      threshold: z
        .number()
        .gt(0)
        .lt(1)
        .describe('Share of what was seen so far below which a network is expected to be to be rejected.')
        .default(0.5),
      heldShare: z
        .number()
        .min(0)
        .max(1)
        .describe('Share of the rejected that is trained anyway, to know what a rejection costs.')
        .default(0.1),
      tries: z
        .number()
        .int()
        .min(1)
        .describe(
          'Proposals that are judged for one trial at most: the best of them is trained, so that a search always goes on.',
        )
        .default(8),
      memory: z
        .number()
        .int()
        .min(2)
        .describe('Results that the judge learns from: the newest.')
        .default(200),
      strategy: inner
        .options(evaluations)
        .describe('Options of the strategy whose proposals are judged.')
        .prefault({} as never),
    }) as unknown as z.ZodType<JudgeOptions<O>>;

type JudgeOptions<O extends Json> = {
  readonly warmUp: number;
  readonly threshold: number;
  readonly heldShare: number;
  readonly tries: number;
  readonly memory: number;
  readonly strategy: O;
};

type Result = { readonly genotype: Json; readonly network: string; readonly score: number | null };
type Model = {
  readonly inner: Json;
  /** Trials of the inner strategy so far: rejected ones have no ordinal. */
  readonly results: readonly Result[];
  /** Keys of the networks that were ever rejected, sorted. */
  readonly rejected: readonly string[];
  /**
   * Of the held sample: trained though rejected, and how many of these were after all at or above the
   * threshold among the networks with a score. A network that failed was rightly rejected.
   */
  readonly held: number;
  readonly wronglyRejected: number;
};
type Note = {
  readonly inner: Json;
  /** Keys of the networks that were rejected for this one. */
  readonly rejected: readonly string[];
  /** Trained although the judge rejected it; a network that was proposed before is no sample. */
  readonly held: boolean;
};

/** Of all results: scores of the networks that have one, ascending, and keys of all. */
const seen = growing<Result, { readonly scores: number[]; readonly networks: Set<string> }>(
  () => ({ scores: [], networks: new Set() }),
  ({ scores, networks }, { network, score }) => {
    networks.add(network);
    if (score !== null) insertSorted(scores, score, ascending);
  },
);

/** The score that the given share of the networks with a score is below; −∞ where none has one. */
const quantile = (results: readonly Result[], share: number): number => {
  const { scores } = seen.of(results);
  return scores[Math.floor(share * scores.length)] ?? Number.NEGATIVE_INFINITY;
};

const PREDICTOR = { hidden: 16, epochs: 20, learningRate: 0.01, weightDecay: 1e-3 };

type Judge = (genotype: Json) => number;

/**
 * Expected standing of a network among the results, in normal scores; a perceptron on the space's features.
 */
const fitJudge = (results: readonly Result[], space: Space, seed: number): Judge => {
  const predict = fitPerceptron(
    results.map(({ genotype }) => space.encode(genotype)),
    normalScores(results.map(({ score }) => score)),
    PREDICTOR,
    randomFromSeed(seed),
  );
  return (genotype) => predict(space.encode(genotype));
};

/** Where the threshold lies among the judge's own predictions for what it has seen. */
const bar = (judge: Judge, results: readonly Result[], threshold: number): number => {
  const values = results.map(({ genotype }) => judge(genotype)).sort((a, b) => a - b);
  return values[Math.floor(threshold * values.length)] as number;
};

/** A judge is refitted after this many further results. */
const REFIT = 10;

/**
 * Judges proposals of any strategy before they are trained, from the results of earlier trials, and rejects
 * those it expects in the lower part; a held sample of the rejected is trained all the same and says what
 * would have been lost. A rejected network counts once, and not where it was trained before or is trained
 * later: a second trial of it would have been a look-up. The predictor is that of Liu et al. 2018 (PNAS,
 * §3.4) with one perceptron; performance prediction before training as in Deng, Yan & Lin 2017, "Peephole".
 * Not part of the judged strategies' papers, and therefore opt-in.
 */
export const preJudged = <O extends Json, M extends Json>(
  name: string,
  definition: StrategyDefinition<O, M>,
): StrategyDefinition<JudgeOptions<O>, Model> => {
  type Context = StrategyContext<JudgeOptions<O>>;
  const narrowed = <C extends Context>(context: C) => ({ ...context, options: context.options.strategy });
  const innerTrial = (trial: Trial): Trial => ({ ...trial, note: (trial.note as Note).inner });
  const isJudging = ({ results }: Model, { options: { warmUp } }: Context): boolean =>
    results.length >= warmUp;
  /** By the last result learnt from; proposals between two refits share a judge. */
  const judges = new WeakMap<Result, { readonly judge: Judge; readonly least: number }>();
  const judgeOf = (results: readonly Result[], { space, seed, options: o }: Context) => {
    const since = (results.length - o.warmUp) % REFIT;
    const end = results.length - since;
    const known = results.slice(Math.max(0, end - o.memory), end);
    const last = known.at(-1) as Result;
    const fitted = judges.get(last);
    if (fitted !== undefined) return fitted;
    const judge = fitJudge(known, space, deriveSeed(seed, name, 'judge', known.length));
    const made = { judge, least: bar(judge, known, o.threshold) };
    judges.set(last, made);
    return made;
  };
  return {
    name,
    source: `${definition.source}; proposals judged before training (Liu et al. 2018, §3.4; Deng, Yan & Lin 2017)`,
    options: options(definition as unknown as StrategyDefinition<O, Json>),
    ...(definition.refuses && { refuses: definition.refuses }),
    ...(definition.repeats !== undefined && { repeats: definition.repeats }),
    ...(definition.needsController && { needsController: definition.needsController }),
    summary: ({ results, rejected, held, wronglyRejected }) => {
      // To reject what was trained before, or is later, saves nothing.
      const trained = new Set(results.map(({ network }) => network));
      return {
        trained: results.length,
        rejected: rejected.filter((network) => !trained.has(network)).length,
        held,
        wronglyRejected,
      };
    },
    check: (context) => {
      checkPopulation('warmUp', context.options.warmUp, context.evaluations);
      checkPart('strategy', () => definition.check?.(narrowed(context)));
    },
    init: (context) => ({
      inner: definition.init(narrowed(context)),
      results: [],
      rejected: [],
      held: 0,
      wronglyRejected: 0,
    }),
    propose: (model, context) => {
      const { options: o, ordinal, seed } = context;
      const proposalOf = (attempt: number) =>
        definition.propose(model.inner as M, {
          ...narrowed(context),
          random: randomFromSeed(deriveSeed(seed, name, 'try', ordinal, attempt)),
        });
      const first = proposalOf(0);
      if (first === undefined || !isJudging(model, context))
        return first && { ...first, note: { inner: first.note ?? null, rejected: [], held: false } };
      const { judge, least } = judgeOf(model.results, context);
      const keyOf = ({ genotype }: Pick<Proposal, 'genotype'>): string => networkKey(genotype, context.space);
      const { networks } = seen.of(model.results);
      const isNew = (network: string): boolean =>
        !networks.has(network) && !context.pending.some((trial) => keyOf(trial) === network);
      const rivals: string[] = [];
      /** The proposal; the other networks that were seen for it are rejected. */
      const chosen = (proposal: Proposal, held: boolean): Proposal => {
        const network = keyOf(proposal);
        const rejected = [...new Set(rivals)].filter((other) => other !== network);
        return { ...proposal, note: { inner: proposal.note ?? null, rejected, held } };
      };
      let best = { proposal: first, value: judge(first.genotype) };
      for (let attempt = 0; attempt < o.tries; attempt++) {
        const proposal = attempt === 0 ? first : (proposalOf(attempt) ?? first);
        const value = judge(proposal.genotype);
        if (value >= least) return chosen(proposal, false);
        const network = keyOf(proposal);
        if (context.random.uniform() < o.heldShare && isNew(network)) return chosen(proposal, true);
        rivals.push(network);
        if (value > best.value) best = { proposal, value };
      }
      return chosen(best.proposal, false);
    },
    register: (model, trial, context) => ({
      ...model,
      rejected: (trial.note as Note).rejected.reduce(addToSorted, model.rejected),
      inner:
        definition.register === undefined
          ? model.inner
          : definition.register(model.inner as M, innerTrial(trial), narrowed(context)),
    }),
    learn: (model, results, context) => {
      const learn = (at: Model, { trial, score }: Learned): Model => {
        const { held } = trial.note as Note;
        const passed = score !== undefined && score >= quantile(at.results, context.options.threshold);
        return {
          ...at,
          results: seen.append(at.results, {
            genotype: trial.genotype,
            network: networkKey(trial.genotype, context.space),
            score: score ?? null,
          }),
          held: at.held + (held ? 1 : 0),
          wronglyRejected: at.wronglyRejected + (held && passed ? 1 : 0),
        };
      };
      return {
        ...results.reduce(learn, model),
        inner: definition.learn(
          model.inner as M,
          results.map((result) => ({ ...result, trial: innerTrial(result.trial) })),
          narrowed(context),
        ),
      };
    },
  };
};
