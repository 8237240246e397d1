import { z } from 'zod';
import type { Random } from '../../core/random.ts';
import {
  blockQnn as blockQnnSpace,
  layersOf,
  looseEnds,
  MAX_INDEX,
  NSC_TERMINAL,
  optionsAt,
  predecessorsOf,
} from '../../space/block-qnn.ts';
import type { BlockQnnGenotype, NscLayer } from '../../space/block-qnn.ts';
import { growing } from './growing.ts';
import { madeFor } from './made-for.ts';
import { ascending, insertSorted } from './sorted-list.ts';
import { checkPopulation } from './population.ts';
import { worseOf } from './reward-scale.ts';
import type { StrategyDefinition } from '../strategy.ts';

/** ε and the share of the search for which it holds: 178 batches in all (Table 2). */
const SCHEDULE = [
  [1, 95],
  [0.9, 7],
  [0.8, 7],
  [0.7, 7],
  [0.6, 10],
  [0.5, 10],
  [0.4, 10],
  [0.3, 10],
  [0.2, 10],
  [0.1, 12],
] as const;
const BATCHES = SCHEDULE.reduce((sum, [, batches]) => sum + batches, 0);

const options = (evaluations: number) =>
  z.strictObject({
    learningRate: z
      .number()
      .positive()
      .max(1)
      .describe('α (0.01 in the paper, of 11,392 networks).')
      .default(Math.min(0.2, Math.max(0.01, (0.01 * 11_392) / evaluations))),
    discount: z.number().min(0).max(1).describe('γ.').default(1),
    mu: z
      .number()
      .min(0)
      .describe("Weight of the logarithm of a block's multiply-adds in the reward.")
      .default(0.01),
    rho: z
      .number()
      .min(0)
      .describe('Weight of the logarithm of its density, edges over layers.')
      .default(0.01),
    batch: z
      .number()
      .int()
      .min(1)
      .describe(
        'Networks of a batch, and remembered ones that are replayed after it: 64 in the paper, of 178 batches.',
      )
      .default(Math.min(64, Math.max(1, Math.round(evaluations / BATCHES)))),
    maxLayers: z.number().int().min(1).max(MAX_INDEX).describe('Longest block proposed.').default(MAX_INDEX),
  });
type Options = z.infer<ReturnType<typeof options>>;

/** ε of a proposal; the schedule is stretched over the budget. */
export const epsilonAt = (ordinal: number, evaluations: number): number => {
  let end = 0;
  for (const [epsilon, batches] of SCHEDULE) {
    end += batches;
    if (ordinal < (end / BATCHES) * evaluations) return epsilon;
  }
  return SCHEDULE.at(-1)?.[0] as number;
};

/** Values of the actions taken in a state so far; a state is a layer's code, an action the next layer's. */
type Values = Readonly<Record<string, Readonly<Record<string, number>>>>;
type Episode = { readonly genotype: BlockQnnGenotype; readonly reward: number };
type Model = {
  readonly q: Values;
  readonly memory: readonly Episode[];
  /** Results since the last replay. */
  readonly fresh: number;
  readonly worst: number | null;
};

const START = '0';
/** The value of an action not yet tried. */
const UNKNOWN = 0;

const key = (code: NscLayer): string => code.join();

/**
 * Multiply-adds of a block for one pixel, in units of C² for an input of C channels; a convolution has C
 * filters. One at least, so that a block without convolutions has a logarithm.
 */
const blockMultiplyAdds = (genotype: BlockQnnGenotype): number => {
  const widths = [1];
  let total = 0;
  for (const code of layersOf(genotype)) {
    const [, type, kernel] = code;
    const inputs = predecessorsOf(code).map((source) => widths[source] as number);
    if (type === 1) total += kernel * kernel * (inputs[0] as number);
    widths.push(type === 1 ? 1 : type === 6 ? inputs.reduce((a, b) => a + b, 0) : Math.max(...inputs));
  }
  return Math.max(1, total);
};

/** Edges over nodes of the block's graph (§3.3), its input and output counted. */
const blockDensity = (genotype: BlockQnnGenotype): number => {
  const layers = layersOf(genotype);
  const edges = layers.reduce((sum, code) => sum + predecessorsOf(code).length, looseEnds(genotype).length);
  return edges / (layers.length + 2);
};

/** The reward of an early-stopped accuracy: ACC − μ ln(FLOPs) − ρ ln(density), §3.3. */
const earlyStopReward = (accuracy: number, genotype: BlockQnnGenotype, { mu, rho }: Options): number =>
  accuracy - mu * Math.log(blockMultiplyAdds(genotype)) - rho * Math.log(blockDensity(genotype));

const terminalAt = (index: number): NscLayer => [index, NSC_TERMINAL, 0, 0, 0];

/** All actions in a state; the terminal comes first, and alone where the block may not grow. */
const actionsAt = (index: number, maxLayers: number): readonly NscLayer[] =>
  index > maxLayers
    ? [terminalAt(index)]
    : index === 1
      ? optionsAt(1)
      : [terminalAt(index), ...optionsAt(index)];

const greedy = (actions: readonly NscLayer[], values: Readonly<Record<string, number>>, random: Random) => {
  const valueOf = (action: NscLayer): number => values[key(action)] ?? UNKNOWN;
  const top = Math.max(...actions.map(valueOf));
  return random.pick(actions.filter((action) => valueOf(action) === top));
};

/** A type uniformly, then one of its layers: predecessors are many, and would drown the terminal. */
const explore = (actions: readonly NscLayer[], random: Random): NscLayer => {
  const type = random.pick([...new Set(actions.map(([, t]) => t))]);
  return random.pick(actions.filter(([, t]) => t === type));
};

const build = (q: Values, epsilon: number, maxLayers: number, random: Random): BlockQnnGenotype => {
  const codes: NscLayer[] = [];
  for (let state = START; ;) {
    const actions = actionsAt(codes.length + 1, maxLayers);
    const action =
      random.uniform() < epsilon ? explore(actions, random) : greedy(actions, q[state] ?? {}, random);
    codes.push(action);
    if (action[1] === NSC_TERMINAL) return codes;
    state = key(action);
  }
};

/** All rewards of a memory, ascending. */
const memories = growing<Episode, number[]>(
  () => [],
  (rewards, { reward }) => insertSorted(rewards, reward, ascending),
);

/**
 * Rewards in [0, 1] over the memory's range; the worst tenth is clipped, as one broken block would squeeze
 * all others.
 */
const scaler = (memory: readonly Episode[]): ((reward: number) => number) => {
  const rewards = memories.of(memory);
  const low = rewards[Math.floor(rewards.length / 10)] as number;
  const high = rewards.at(-1) as number;
  return (reward) => (high > low ? Math.max(0, (reward - low) / (high - low)) : 0.5);
};

/**
 * Bellman updates from the block's end to its start, each layer rewarded with r / T (§3.2, "reward shaping").
 */
const replay = (q: Values, memory: readonly Episode[], o: Options, random: Random): Values => {
  const next: Record<string, Readonly<Record<string, number>>> = { ...q };
  /** States whose values are this replay's own copy. */
  const copied: Record<string, Record<string, number>> = {};
  const scaled = scaler(memory);
  for (let i = 0; i < o.batch; i++) {
    const { genotype, reward } = random.pick(memory);
    const share = scaled(reward) / genotype.length;
    for (let t = genotype.length - 1; t >= 0; t--) {
      const state = t === 0 ? START : key(genotype[t - 1] as NscLayer);
      const action = key(genotype[t] as NscLayer);
      const after = t === genotype.length - 1 ? 0 : Math.max(...Object.values(next[action] ?? {}), 0);
      const values = (copied[state] ??= { ...next[state] });
      const old = values[action] ?? UNKNOWN;
      values[action] = old + o.learningRate * (share + o.discount * after - old);
      next[state] = values;
    }
  }
  return next;
};

/**
 * Block-wise network generation by Q-learning. Zhong et al. 2018: blocks as Network Structure Codes (§3.1),
 * tabular Q-learning with an ε schedule and experience replay (§3.2), shaped rewards r / T (ibid.), one
 * replay of as many networks after every batch (Table 2), and a reward that corrects an early-stopped
 * accuracy by the block's multiply-adds and density (§3.3). Deviations: exploration draws a type and then one
 * of its layers, not any action alike; rewards are scaled to [0, 1] over what was seen; the schedule, α and
 * the batch fit the budget; multiply-adds are those of one block in units of C², and the paper's weights of
 * the two terms are not published. An infeasible block counts as the lowest reward so far.
 */
export const blockQnn: StrategyDefinition<Options, Model> = {
  name: 'block-qnn',
  source: 'Zhong et al. 2018, "Practical Block-wise Neural Network Architecture Generation", §3',
  repeats: 'Zhong et al. 2018, §3.2: the greedy path is taken again as ε falls',
  options,
  refuses: madeFor(
    [blockQnnSpace],
    'it builds blocks layer by layer as Network Structure Codes; q-learning searches other spaces',
  ),
  check: ({ options: { batch }, evaluations }) => checkPopulation('batch', batch, evaluations),
  init: () => ({ q: {}, memory: [], fresh: 0, worst: null }),
  propose: ({ q }, { options: { maxLayers }, ordinal, evaluations, random }) => ({
    genotype: build(q, epsilonAt(ordinal, evaluations), maxLayers, random),
  }),
  learn: (model, results, { options: o, random }) =>
    results.reduce((at, { trial, score }) => {
      const genotype = trial.genotype as BlockQnnGenotype;
      const reward = score === undefined ? undefined : earlyStopReward(score, genotype, o);
      const worst = worseOf(at.worst, reward);
      const counted = reward ?? worst;
      if (counted === null) return at;
      const memory = memories.append(at.memory, { genotype, reward: counted });
      const fresh = (at.fresh + 1) % o.batch;
      return { q: fresh === 0 ? replay(at.q, memory, o, random) : at.q, memory, fresh, worst };
    }, model),
};
