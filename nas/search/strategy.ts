import { z } from 'zod';
import type { Json } from '../core/json.ts';
import type { Inheritance } from './inheritance.ts';
import { inputError } from '../core/input-error.ts';
import { deriveSeed, randomFromSeed } from '../core/random.ts';
import type { Random } from '../core/random.ts';
import type { Space } from '../space/space.ts';
import type { ControllerMath } from './trials/controller-math.ts';
import type { EasController } from './trials/eas-controller.ts';
import type { SequenceRegression } from './trials/sequence-regression.ts';
import { addToRanges, inRanges } from './ranges.ts';
import type { Ranges } from './ranges.ts';

/** One network that a strategy wants to know the score of. */
export type Trial = {
  /** `t-000017`: unique in its search, in the order of proposal. */
  readonly id: string;
  /** Which proposal of the strategy this is; a trial proposed again after a loss keeps its ordinal. */
  readonly ordinal: number;
  readonly genotype: Json;
  /** Share of the full training resource in (0, 1]; 1 unless the strategy is multi-fidelity. */
  readonly fidelity: number;
  /** What the strategy needs to know when the result returns. */
  readonly note: Json;
  /**
   * The trial with a score whose weights it starts with, and how it grew out of it; absent: trained from
   * scratch.
   */
  readonly inherits?: Inheritance;
};

/**
 * What became of a trial. `score`: higher is better, any finite number. `infeasible`: the network itself
 * failed (out of memory, diverged, cannot be built), and the strategy learns so. `lost`: the infrastructure
 * failed; it teaches nothing, and the trial is proposed again under a new id.
 */
export type TrialOutcome =
  | {
      readonly kind: 'score';
      readonly value: number;
      /** What was measured besides: parameters, multiply-adds, latency. */
      readonly measures?: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'infeasible' }
  | { readonly kind: 'lost' };

export type TrialResult = { readonly trial: Trial; readonly outcome: TrialOutcome };

/** A search's whole state: plain JSON, so that any process can go on from it with identical proposals. */
export type StrategyState<M extends Json = Json> = {
  readonly strategy: string;
  readonly space: string;
  readonly seed: number;
  /** Trials the search may propose, reissues of lost ones not counted. */
  readonly evaluations: number;
  readonly options: Json;
  /** Ids and ordinals handed out so far. */
  readonly issued: number;
  readonly proposed: number;
  /** Numbers of the ids whose result was told. */
  readonly told: Ranges;
  /** Trials whose result is awaited. */
  readonly pending: readonly Trial[];
  /** Lost trials to propose again, oldest first. */
  readonly lost: readonly Trial[];
  readonly model: M;
};

/** A result as a strategy learns it; `score` is undefined for an infeasible network. */
export interface Learned {
  readonly trial: Trial;
  readonly score: number | undefined;
  readonly measures?: Readonly<Record<string, number>>;
}

export interface Proposal {
  readonly genotype: Json;
  readonly fidelity?: number;
  readonly note?: Json;
  readonly inherits?: Inheritance;
}

/** What strategies are given that they cannot be themselves; whoever binds them owns it. */
export interface StrategyPorts {
  /** Strategies whose controller is a recurrent network need it. */
  readonly controller?: ControllerMath;
  /** EAS needs it. */
  readonly eas?: EasController;
  /** PNAS with its LSTM predictor needs it. */
  readonly sequences?: SequenceRegression;
}

/** What a definition's functions may use besides their own model. */
export interface StrategyContext<O> {
  readonly ports: StrategyPorts;
  readonly space: Space;
  readonly options: O;
  readonly evaluations: number;
  readonly seed: number;
}

/**
 * A strategy as its file writes it. All functions are pure. `propose` must not need any memory of itself
 * beyond what `register` derives from the trial (its genotype and note): that is what lets a state be rebuilt
 * without proposing again.
 */
export interface StrategyDefinition<O extends Json, M extends Json> {
  readonly name: string;
  /** Paper, section and deviations. */
  readonly source: string;
  /** Options and their defaults, which may depend on the search's budget. */
  readonly options: (evaluations: number) => z.ZodType<O>;
  /** Why the space cannot be searched, as the end of "… because"; undefined where it can. */
  readonly refuses?: (space: Space) => string | undefined;
  /**
   * Why it may propose a network that has a result or awaits one, with the source. One without proposes none
   * twice at a fidelity, however many trials are under way, while it finds others.
   */
  readonly repeats?: string;
  /** Shares of the full training resource that trials ask for, ascending; absent: all of it. */
  readonly fidelities?: (options: O) => readonly number[];
  /** It learns by measures besides the score, and is no better than chance without them. */
  readonly multiObjective?: true;
  /**
   * Its rewards or predictions assume scores in [0, 1]: why, as the end of "… because". Tasks whose scores
   * are others are refused.
   */
  readonly needsFractions?: string;
  /** Its rewards assume scores that are negative losses: why, likewise. Tasks with scores in [0, 1] are refused. */
  readonly needsLosses?: string;
  /** It proposes and learns by one of the ports. */
  readonly needsController?: true;
  /**
   * Whether a proposal may take minutes: a search by it may then be silent for longer before it counts as
   * lost.
   */
  readonly thinksLong?: (options: O) => boolean;
  /** As a scheduler's sampler, learns the results of every fidelity, not only a network's first. */
  readonly allFidelities?: true;
  /** Its trials start with the weights of earlier ones. */
  readonly inheritsWeights?: true;
  /** Counts that a report shows of the search. */
  readonly summary?: (model: M, options: O) => Readonly<Record<string, number>>;
  /** Further checks of the options; throws `InputError`. */
  readonly check?: (context: StrategyContext<O>) => void;
  readonly init: (context: StrategyContext<O>) => M;
  /** The next proposal, or undefined while it must await results (or has nothing left to propose). */
  readonly propose: (
    model: M,
    context: StrategyContext<O> & {
      /** Ordinal of this proposal. */
      readonly ordinal: number;
      /** A stream of this proposal's own. */
      readonly random: Random;
      readonly pending: readonly Trial[];
    },
  ) => Proposal | undefined;
  /** Notes that a trial was issued. Called once for each ordinal, in any order. */
  readonly register?: (model: M, trial: Trial, context: StrategyContext<O>) => M;
  /** Learns new results; called with every result once, in the order in which they are told. */
  readonly learn: (
    model: M,
    results: readonly Learned[],
    context: StrategyContext<O> & { readonly random: Random },
  ) => M;
}

/** A strategy bound to a space. */
export interface Strategy {
  readonly name: string;
  /** Throws `InputError` where options or budget do not allow a search. */
  init(config: StrategyConfig, seed: number): StrategyState;
  /** Up to `n` further trials; fewer where the strategy must await results, none at the end of the budget. */
  ask(state: StrategyState, n: number): readonly [StrategyState, readonly Trial[]];
  /**
   * The state after an `ask` that returned these trials, without proposing them again: rebuilds a state from
   * a record.
   */
  issue(state: StrategyState, trials: readonly Trial[]): StrategyState;
  /** Counts of the strategy's own; most have none. */
  summary(state: StrategyState): Readonly<Record<string, number>>;
  /**
   * Idempotent by trial id; results of one call are learnt in the order of proposal, however they are listed;
   * unknown trials are learnt too.
   *
   * A search's log has what was asked and told in its order: `issue` of the one and `tell` of the other
   * always rebuild the state. From results alone, in their order, `tell` rebuilds all of it but the trials
   * still awaited, which no result can know: `issue` of these completes it. Only strategies that share a
   * controller's parameters may need more, namely to hear of a round before its first result comes: what it
   * was drawn from may else be dropped (see `parameter-server.ts`).
   */
  tell(state: StrategyState, results: readonly TrialResult[]): StrategyState;
}

interface StrategyConfig {
  /** Trials the search may propose. */
  readonly evaluations: number;
  readonly options?: Json;
}

const numberOf = (id: string): number => {
  const digits = /^t-(\d{6,})$/.exec(id)?.[1];
  if (digits === undefined)
    throw inputError('trial.id', id, 't-000000 and up', 'tell trials that `ask` returned');
  return Number(digits);
};

const idOf = (issued: number): string => `t-${String(issued).padStart(6, '0')}`;

const parseOptions = <O extends Json>(
  definition: Pick<StrategyDefinition<O, Json>, 'name' | 'options'>,
  options: Json,
  evaluations: number,
): O => {
  const parsed = definition.options(evaluations).safeParse(options);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw inputError(
    ['strategy', ...(issue?.path ?? [])].join('.'),
    options,
    issue?.message ?? `the options of ${definition.name}`,
    `see the options of ${definition.name} in its file's header`,
    { cause: parsed.error },
  );
};

/** Turns a definition and a space into a strategy; throws `InputError` where the space cannot be searched. */
export const bindStrategy = <O extends Json, M extends Json>(
  definition: StrategyDefinition<O, M>,
  space: Space,
  ports: StrategyPorts = {},
): Strategy => {
  const { name } = definition;
  const reason = definition.refuses?.(space);
  if (reason !== undefined)
    throw inputError(
      'strategy',
      name,
      `a strategy that can search ${space.name}`,
      `${name} cannot: ${reason}`,
    );
  type State = StrategyState<M>;
  const contextOf = (state: Pick<State, 'options' | 'evaluations' | 'seed'>): StrategyContext<O> => ({
    space,
    ports,
    options: state.options as O,
    evaluations: state.evaluations,
    seed: state.seed,
  });
  const register = (state: State, trial: Trial, context: StrategyContext<O>): State => ({
    ...state,
    issued: Math.max(state.issued, numberOf(trial.id) + 1),
    proposed: Math.max(state.proposed, trial.ordinal + 1),
    // By ordinal, so that a proposal that was lost and issued again is where it was.
    pending: [...state.pending, trial].sort((a, b) => a.ordinal - b.ordinal),
    lost: state.lost.filter(({ ordinal }) => ordinal !== trial.ordinal),
    model:
      state.lost.some(({ ordinal }) => ordinal === trial.ordinal) || definition.register === undefined
        ? state.model
        : definition.register(state.model, trial, context),
  });
  const next = (state: State, context: StrategyContext<O>): Trial | undefined => {
    const id = idOf(state.issued);
    const [again] = state.lost;
    if (again !== undefined) return { ...again, id };
    const ordinal = state.proposed;
    if (ordinal >= state.evaluations) return undefined;
    const random = randomFromSeed(deriveSeed(state.seed, name, 'propose', ordinal));
    const proposal = definition.propose(state.model, { ...context, ordinal, random, pending: state.pending });
    return proposal && { id, ordinal, fidelity: 1, note: null, ...proposal };
  };
  return {
    name,
    init: ({ evaluations, options: given = {} }, seed) => {
      if (!Number.isInteger(evaluations) || evaluations < 1)
        throw inputError(
          'evaluations',
          evaluations,
          'integers ≥ 1',
          'give the number of trials of the search',
        );
      const options = parseOptions(definition, given, evaluations);
      const context = { space, ports, options, evaluations, seed };
      definition.check?.(context);
      return {
        strategy: name,
        space: space.name,
        seed,
        evaluations,
        options,
        issued: 0,
        proposed: 0,
        told: [],
        pending: [],
        lost: [],
        model: definition.init(context),
      };
    },
    ask: (given, n) => {
      let state = given as State;
      const context = contextOf(state);
      const trials: Trial[] = [];
      while (trials.length < n) {
        const trial = next(state, context);
        if (trial === undefined) break;
        trials.push(trial);
        state = register(state, trial, context);
      }
      return [state, trials];
    },
    issue: (given, trials) => {
      const context = contextOf(given as State);
      return trials.reduce((state, trial) => register(state, trial, context), given as State);
    },
    summary: (given) => definition.summary?.(given.model as M, given.options as O) ?? {},
    tell: (given, results) => {
      let state = given as State;
      const context = contextOf(state);
      const fresh = new Map<number, TrialResult>();
      for (const result of results) {
        const number = numberOf(result.trial.id);
        if (!inRanges(state.told, number) && !fresh.has(number)) fresh.set(number, result);
      }
      // Each as if it were told alone: a trial may have been proposed because of the result before it.
      for (const [number, { trial, outcome }] of [...fresh].sort(([a], [b]) => a - b)) {
        if (!state.pending.some(({ id }) => id === trial.id)) state = register(state, trial, context);
        state = {
          ...state,
          told: addToRanges(state.told, number),
          pending: state.pending.filter(({ id }) => id !== trial.id),
          lost: outcome.kind === 'lost' ? [...state.lost, trial] : state.lost,
        };
        if (outcome.kind === 'lost') continue;
        const measures = outcome.kind === 'score' ? outcome.measures : undefined;
        const learned = { trial, score: scoreOf(outcome), ...(measures && { measures }) };
        // The id that the proposal has where none was lost.
        const random = randomFromSeed(deriveSeed(state.seed, name, 'learn', idOf(trial.ordinal)));
        state = { ...state, model: definition.learn(state.model, [learned], { ...context, random }) };
      }
      return state;
    },
  };
};

const scoreOf = (outcome: TrialOutcome): number | undefined =>
  outcome.kind === 'score' && Number.isFinite(outcome.value) ? outcome.value : undefined;
