import { z } from 'zod';
import type { Random } from '../../core/random.ts';
import { decisionsOf, drawValid, refusesWithoutDecisions } from './factorised-policy.ts';
import { growing } from './growing.ts';
import { ascending, insertSorted } from './sorted-list.ts';
import { worseOf } from './reward-scale.ts';
import type { StrategyDefinition } from '../strategy.ts';

const options = (evaluations: number) =>
  z.strictObject({
    learningRate: z.number().positive().max(1).describe('α of the Bellman update.').default(0.2),
    discount: z.number().min(0).max(1).describe('What a later reward counts for.').default(1),
    exploration: z.number().min(0).max(1).describe('Share of the budget explored at ε = 1.').default(0.1),
    settled: z
      .number()
      .gt(0)
      .max(1)
      .describe('Share of the budget by which ε has fallen, linearly, to `finalEpsilon`.')
      .default(0.5),
    finalEpsilon: z.number().min(0).max(1).describe('Share of random steps at the end.').default(0.1),
    replay: z
      .number()
      .int()
      .min(1)
      .describe('Remembered networks replayed after each result.')
      .default(Math.min(64, Math.max(1, evaluations))),
  });
type Options = z.infer<ReturnType<typeof options>>;

/** `q[t][previous][action]`: value of the t-th choice after the previous one (0 before the first). */
type Table = readonly (readonly (readonly number[])[])[];
type Episode = { readonly choices: readonly number[]; readonly score: number };
type Model = { readonly q: Table; readonly memory: readonly Episode[]; readonly worst: number | null };

/** Every network at half the reward. */
const emptyTable = (sizes: readonly number[]): Table =>
  sizes.map((size, t) =>
    Array.from({ length: t === 0 ? 1 : (sizes[t - 1] as number) }, () =>
      new Array<number>(size).fill((0.5 * (sizes.length - t)) / sizes.length),
    ),
  );

/** ε by proposal: 1 while exploring, then linear to the final value. */
const epsilonAt = (ordinal: number, evaluations: number, o: Options): number => {
  const from = o.exploration * evaluations;
  const to = Math.max(from + 1, o.settled * evaluations);
  return 1 - (1 - o.finalEpsilon) * Math.min(1, Math.max(0, (ordinal - from) / (to - from)));
};

const greedy = (values: readonly number[], random: Random): number => {
  const top = Math.max(...values);
  return random.pick(values.flatMap((value, action) => (value === top ? [action] : [])));
};

/** All scores of a memory, ascending. */
const memories = growing<Episode, number[]>(
  () => [],
  (scores, { score }) => insertSorted(scores, score, ascending),
);

/** Rewards in [0, 1] over the memory's range, so that half of it is neither good nor bad. */
const scaler = (memory: readonly Episode[]): ((score: number) => number) => {
  const scores = memories.of(memory);
  // The worst tenth is clipped: a few broken networks would otherwise squeeze all others together.
  const low = scores[Math.floor(scores.length / 10)] as number;
  const high = scores.at(-1) as number;
  return (score) => (high > low ? Math.max(0, (score - low) / (high - low)) : 0.5);
};

const replay = (q: Table, memory: readonly Episode[], o: Options, random: Random): Table => {
  const next = q.map((byPrevious) => byPrevious.map((values) => [...values]));
  const reward = scaler(memory);
  for (let i = 0; i < o.replay; i++) {
    const { choices, score } = random.pick(memory);
    const share = reward(score) / choices.length;
    for (let t = choices.length - 1; t >= 0; t--) {
      const values = next[t]?.[t === 0 ? 0 : (choices[t - 1] as number)] as number[];
      const action = choices[t] as number;
      const after = next[t + 1]?.[action];
      const target = share + (after === undefined ? 0 : o.discount * Math.max(...after));
      values[action] = (values[action] as number) + o.learningRate * (target - (values[action] as number));
    }
  }
  return next;
};

/**
 * Tabular Q-learning over the list of choices with an ε schedule and experience replay. Baker et al. 2017
 * (MetaQNN), §4 and Zhong et al. 2018 (Block-QNN), §3, with its shaped rewards: each of T choices gets r / T
 * (§3.2). Deviations: the state is (position, previous choice); α is 0.2, not 0.01, and ε falls linearly
 * within the given budget, because budgets here are hundreds of networks, not thousands; rewards are scaled
 * to [0, 1] over what was seen. An infeasible network counts as the worst score so far.
 */
export const qLearning: StrategyDefinition<Options, Model> = {
  name: 'q-learning',
  source:
    'Baker et al. 2017, "Designing Neural Network Architectures using Reinforcement Learning", §4; Zhong et al. 2018, "Practical Block-wise Neural Network Architecture Generation", §3',
  repeats:
    'Baker et al. 2017, §4: the greedy path is taken again as ε falls, and its stored accuracy with it',
  options,
  refuses: refusesWithoutDecisions,
  init: ({ space }) => ({ q: emptyTable(decisionsOf(space).sizes), memory: [], worst: null }),
  propose: ({ q }, { space, options: o, evaluations, ordinal, random }) => {
    const epsilon = epsilonAt(ordinal, evaluations, o);
    const choose = (): readonly number[] => {
      const choices: number[] = [];
      for (const byPrevious of q) {
        const values = byPrevious[choices.at(-1) ?? 0] as readonly number[];
        choices.push(random.uniform() < epsilon ? random.int(values.length) : greedy(values, random));
      }
      return choices;
    };
    return { genotype: drawValid(space, random, choose) };
  },
  learn: (model, results, { space, options: o, random }) =>
    results.reduce((at, { trial, score }) => {
      const worst = worseOf(at.worst, score);
      const reward = score ?? worst;
      if (reward === null) return at;
      const memory = memories.append(at.memory, {
        choices: decisionsOf(space).toChoices(trial.genotype),
        score: reward,
      });
      return { q: replay(at.q, memory, o, random), memory, worst };
    }, model),
};
