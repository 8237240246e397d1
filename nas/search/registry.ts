import type { z } from 'zod';
import type { Json } from '../core/json.ts';
import { inputError } from '../core/input-error.ts';
import { suggestion } from '../core/nearest.ts';
import type { Space } from '../space/space.ts';
import { asha } from './trials/asha.ts';
import { autoKeras } from './trials/auto-keras.ts';
import { bayesianOptimization } from './trials/bayesian-optimization.ts';
import { blockQnn } from './trials/block-qnn.ts';
import { eas } from './trials/eas.ts';
import { genetic } from './trials/genetic.ts';
import { hierarchicalEvolution } from './trials/hierarchical-evolution.ts';
import { bohb, hyperband, successiveHalving } from './trials/hyperband.ts';
import { localSearch } from './trials/local-search.ts';
import { nasRl } from './trials/nas-rl.ts';
import { nasRlRnn } from './trials/nas-rl-rnn.ts';
import { nasbot } from './trials/nasbot.ts';
import { nasnetPpo, nasnetReinforce } from './trials/nasnet.ts';
import { nsgaNet } from './trials/nsga-net.ts';
import { pnas } from './trials/pnas.ts';
import { ppo } from './trials/ppo.ts';
import { preJudged } from './trials/pre-judger.ts';
import { qLearning } from './trials/q-learning.ts';
import { reinforce } from './trials/reinforce.ts';
import { randomSearch } from './trials/random-search.ts';
import { nonAgingEvolution, regularizedEvolution } from './trials/regularized-evolution.ts';
import { always, oneOf } from './trials/sampler.ts';
import type { AnyStrategy, SamplerSource, SchedulerOptions } from './trials/sampler.ts';
import { bindStrategy } from './strategy.ts';
import type { Strategy, StrategyDefinition, StrategyPorts } from './strategy.ts';
import { surrogate } from './trials/surrogate.ts';
import { tpe } from './trials/tpe.ts';

/** What a caller may know of a strategy without its own types. */
export interface StrategyEntry {
  readonly name: string;
  readonly source: string;
  /** Why it may propose a network that has a result or awaits one; undefined where it does not. */
  readonly repeats: string | undefined;
  /** Its trials ask for shares of the full training resource. */
  readonly multiFidelity: boolean;
  /** These shares with its options, ascending; 1 alone where every trial is trained in full. */
  fidelities(options: Json): readonly number[];
  /**
   * The same schedule of trials over random networks, where trials ask for shares: what it does is what the
   * strategy does, but for where networks come from.
   */
  readonly schedule?: { readonly strategy: StrategyEntry; options(given: Json): Json };
  /** It learns by measures besides the score. */
  readonly multiObjective: boolean;
  /** Why it needs scores in [0, 1]; undefined where any do. */
  readonly needsFractions: string | undefined;
  /** Why it needs scores that are negative losses; undefined where any do. */
  readonly needsLosses: string | undefined;
  /** It cannot propose or learn without one of the ports. */
  readonly needsController: boolean;
  /** Whether a proposal with these options may take minutes. */
  thinksLong(options: Json): boolean;
  /** Its options and their defaults, which may depend on the search's budget. */
  readonly options: (evaluations: number) => z.ZodType;
  /** Why the space cannot be searched, or undefined. */
  refuses(space: Space): string | undefined;
  /** Throws `InputError` where the space cannot be searched. */
  bind(space: Space, ports?: StrategyPorts): Strategy;
}

const entry = <O extends Json, M extends Json>(definition: StrategyDefinition<O, M>): StrategyEntry => ({
  name: definition.name,
  source: definition.source,
  repeats: definition.repeats,
  multiFidelity: definition.fidelities !== undefined,
  fidelities: (options) => definition.fidelities?.(options as O) ?? [1],
  multiObjective: definition.multiObjective === true,
  needsFractions: definition.needsFractions,
  needsLosses: definition.needsLosses,
  needsController: definition.needsController === true,
  thinksLong: (options) => definition.thinksLong?.(options as O) === true,
  options: definition.options,
  refuses: (space) => definition.refuses?.(space),
  bind: (space, ports) => bindStrategy(definition, space, ports),
});

/** A scheduler of networks that a source proposes. */
const scheduler = <M extends Json>(
  make: (name: string, source: SamplerSource) => StrategyDefinition<SchedulerOptions, M>,
  name: string,
  source: SamplerSource,
): StrategyEntry => ({
  ...entry(make(name, source)),
  schedule: {
    strategy: entry(make(name, always(randomSearch))),
    options: (given) => ({ ...(given as SchedulerOptions), sampler: {} }),
  },
});

const judgedRandom = preJudged('judged-random', randomSearch);
const judgedEvolution = preJudged('judged-evolution', regularizedEvolution);
const judgedHierarchical = preJudged('judged-hierarchical-evolution', hierarchicalEvolution);

/**
 * Every strategy that leaves it to others how long a network is trained; the first is what schedulers sample
 * by.
 */
const anyStrategy = oneOf([
  randomSearch,
  regularizedEvolution,
  nonAgingEvolution,
  hierarchicalEvolution,
  localSearch,
  genetic,
  nsgaNet,
  reinforce,
  ppo,
  nasRl,
  nasRlRnn,
  nasnetReinforce,
  nasnetPpo,
  qLearning,
  blockQnn,
  eas,
  tpe,
  bayesianOptimization,
  surrogate,
  pnas,
  nasbot,
  autoKeras,
  judgedRandom,
  judgedEvolution,
  judgedHierarchical,
] as unknown as readonly AnyStrategy[]);

/** All black-box strategies by name, in the order in which comparisons list them. */
export const STRATEGIES = {
  random: entry(randomSearch),
  'regularized-evolution': entry(regularizedEvolution),
  'non-aging-evolution': entry(nonAgingEvolution),
  'hierarchical-evolution': entry(hierarchicalEvolution),
  'local-search': entry(localSearch),
  genetic: entry(genetic),
  'nsga-net': entry(nsgaNet),
  reinforce: entry(reinforce),
  ppo: entry(ppo),
  'nas-rl': entry(nasRl),
  'nas-rl-rnn': entry(nasRlRnn),
  'nasnet-reinforce': entry(nasnetReinforce),
  'nasnet-ppo': entry(nasnetPpo),
  'q-learning': entry(qLearning),
  'block-qnn': entry(blockQnn),
  eas: entry(eas),
  tpe: entry(tpe),
  'bayesian-optimization': entry(bayesianOptimization),
  surrogate: entry(surrogate),
  pnas: entry(pnas),
  nasbot: entry(nasbot),
  'auto-keras': entry(autoKeras),
  'judged-random': entry(judgedRandom),
  'judged-evolution': entry(judgedEvolution),
  'judged-hierarchical-evolution': entry(judgedHierarchical),
  asha: scheduler(asha, 'asha', anyStrategy),
  'asha-evolution': scheduler(asha, 'asha-evolution', always(regularizedEvolution)),
  'successive-halving': scheduler(successiveHalving, 'successive-halving', anyStrategy),
  hyperband: scheduler(hyperband, 'hyperband', anyStrategy),
  bohb: scheduler(bohb, 'bohb', always(tpe)),
} as const satisfies Record<string, StrategyEntry>;
export type StrategyName = keyof typeof STRATEGIES;

/** The strategy of that name; throws `InputError` listing the names. */
export const strategyNamed = (name: string, field = 'strategy'): StrategyEntry => {
  if (!Object.hasOwn(STRATEGIES, name))
    throw inputError(
      field,
      name,
      Object.keys(STRATEGIES).join(', '),
      suggestion(name, Object.keys(STRATEGIES), 'use the name of a strategy'),
    );
  return STRATEGIES[name as StrategyName];
};

/** The strategies that can search the space, by name. */
export const strategiesFor = (space: Space): readonly string[] =>
  Object.values(STRATEGIES).flatMap((strategy) =>
    strategy.refuses(space) === undefined ? [strategy.name] : [],
  );
