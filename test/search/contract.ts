import { describe, expect, it } from 'vitest';
import type { Json } from '../../nas/core/json.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import type { Space } from '../../nas/space/space.ts';
import type { StrategyEntry } from '../../nas/search/registry.ts';
import type {
  Strategy,
  StrategyPorts,
  StrategyState,
  Trial,
  TrialResult,
} from '../../nas/search/strategy.ts';

const EVALUATIONS = 48;
const PARALLELISM = 4;
/**
 * Strategies whose distances take long choose among fewer candidates here; controllers are small, and
 * overlap.
 */
const OPTIONS: Readonly<Record<string, Json>> = {
  nasbot: { candidates: 10, batch: 8 },
  'auto-keras': { candidates: 10, batch: 8 },
  pnas: { beam: 6, ensemble: 2, mlp: { hidden: 8, epochs: 5 } },
  'nas-rl': { units: 6, replicas: 3, children: 2 },
  'nas-rl-rnn': { units: 6, replicas: 3, children: 2 },
  'nasnet-reinforce': { units: 6, replicas: 2, children: 3 },
  eas: { units: 4, embedding: 3, children: 5, widenings: 2, deepenings: 2 },
  'nasnet-ppo': { units: 6, replicas: 2, children: 3, epochs: 2 },
};
/** Three rungs, of which the budget fills several. */
const RUNGS = { eta: 2, minFidelity: 0.25 };
/** Steps of a history at which it is folded from its beginning. */
const FOLD_EVERY = 12;
/**
 * Controllers drop parameters that they were not told in time are still in use (see `parameter-server.ts`).
 */
const FORGETFUL: readonly string[] = ['nas-rl', 'nas-rl-rnn', 'nasnet-reinforce', 'nasnet-ppo'];

/** A strategy with the options that it has in the suite. */
interface StrategyCase {
  /** Its name, or that of a scheduler with the strategy that it samples by. */
  readonly label: string;
  readonly entry: StrategyEntry;
  readonly options: Readonly<Record<string, Json>>;
  /** Trials of its first round; of strategies without rounds as many as leave one slot free. */
  readonly round: number;
  /** Results alone rebuild its state however late those of a whole round are. */
  readonly folds: boolean;
}

/** The strategy itself. */
export const plain = (entry: StrategyEntry): StrategyCase => ({
  label: entry.name,
  entry,
  round: Math.min(
    PARALLELISM - 1,
    (OPTIONS[entry.name] as { readonly children?: number } | undefined)?.children ?? PARALLELISM,
  ),
  folds: !FORGETFUL.includes(entry.name),
  options: {
    ...(OPTIONS[entry.name] as Readonly<Record<string, Json>> | undefined),
    ...(entry.multiFidelity ? RUNGS : {}),
  },
});

/** A scheduler over the strategy. */
export const wrapped = (scheduler: StrategyEntry, sampler: StrategyEntry): StrategyCase => ({
  ...plain(sampler),
  label: `${scheduler.name} over ${sampler.name}`,
  entry: scheduler,
  options: { ...RUNGS, sampler: { name: sampler.name, ...plain(sampler).options } },
});

/** A score with structure to learn: a fixed random weight for each feature. */
const scoreOf = (space: Space, genotype: Json): number => {
  const random = randomFromSeed(5);
  return space.encode(genotype).reduce((sum, feature) => sum + feature * random.normal(), 0);
};

const numberOf = (id: string): number => Number(id.slice(2));

/** Every seventh network fails; every fifth trial is lost once. */
const outcomeOf = (space: Space, trial: Trial): TrialResult => {
  const number = numberOf(trial.id);
  if (number % 5 === 2 && number < 3 * EVALUATIONS) return { trial, outcome: { kind: 'lost' } };
  if (trial.ordinal % 7 === 3) return { trial, outcome: { kind: 'infeasible' } };
  return {
    trial,
    outcome: {
      kind: 'score',
      value: scoreOf(space, trial.genotype),
      measures: { multiplyAdds: number % 11 },
    },
  };
};

/** What was asked or told, and the state after it. */
type Step = { readonly state: StrategyState } & (
  | { readonly kind: 'asked'; readonly n: number; readonly trials: readonly Trial[] }
  | { readonly kind: 'told'; readonly result: TrialResult }
);

interface Run {
  readonly state: StrategyState;
  readonly trials: readonly Trial[];
  readonly steps: readonly Step[];
}

const told = (steps: readonly Step[]): readonly TrialResult[] =>
  steps.flatMap((step) => (step.kind === 'told' ? [step.result] : []));

/** A strategy on a space, ready to begin. */
interface Subject {
  readonly strategy: Strategy;
  readonly space: Space;
  readonly start: (seed: number) => StrategyState;
}

/**
 * An asynchronous search: slots are refilled one by one and results return out of order, those of the `slow`
 * first trials late.
 */
const search = (
  { strategy, space, start }: Subject,
  seed: number,
  store: (state: StrategyState) => StrategyState = (state) => state,
  outcome = outcomeOf,
  slow = 0,
): Run => {
  const order = randomFromSeed(99);
  let state = store(start(seed));
  const trials: Trial[] = [];
  const steps: Step[] = [];
  let running: Trial[] = [];
  for (;;) {
    const n = PARALLELISM - running.length;
    const [asked, issued] = strategy.ask(state, n);
    state = store(asked);
    steps.push({ kind: 'asked', n, trials: issued, state });
    trials.push(...issued);
    running = [...running, ...issued];
    if (running.length === 0) return { state, trials, steps };
    const quick =
      told(steps).length < EVALUATIONS / 2 ? running.filter(({ id }) => numberOf(id) >= slow) : [];
    // Some strategies await them before they propose anything else.
    const done = order.pick(quick.length > 0 ? quick : running);
    running = running.filter((trial) => trial !== done);
    const result = outcome(space, done);
    state = store(strategy.tell(state, [result]));
    steps.push({ kind: 'told', result, state });
  }
};

const roundTrip = (state: StrategyState): StrategyState => JSON.parse(JSON.stringify(state)) as StrategyState;

/** What every strategy promises, on every space that it can search. */
export const strategyContract = (
  spaces: readonly Space[],
  strategies: readonly StrategyCase[],
  ports: StrategyPorts = {},
): void => {
  const cases = spaces.flatMap((space) =>
    strategies
      .filter(({ entry }) => entry.refuses(space) === undefined)
      .map(({ label, entry, options, round, folds }) => {
        const strategy = entry.bind(space, ports);
        const start = (seed: number) => strategy.init({ evaluations: EVALUATIONS, options }, seed);
        const { multiFidelity } = entry;
        return { label, on: space.name, multiFidelity, round, folds, subject: { strategy, space, start } };
      }),
  );
  describe.each(cases)('$label on $on', ({ subject, multiFidelity, round, folds }) => {
    const { strategy, space, start } = subject;
    const reference = search(subject, 1);
    const late = search(subject, 1, undefined, undefined, round);

    it('spends its budget on valid networks and loses no trial', () => {
      const ordinals = new Set(reference.trials.map(({ ordinal }) => ordinal));
      expect(ordinals.size).toBe(EVALUATIONS);
      expect(new Set(reference.trials.map(({ id }) => id)).size).toBe(reference.trials.length);
      for (const { genotype } of reference.trials) expect(space.validate(genotype)).toEqual(genotype);
      expect(reference.state.pending).toEqual([]);
      expect(reference.state.lost).toEqual([]);
    });

    it(multiFidelity ? 'trains at several fidelities' : 'trains every network in full', () => {
      const fidelities = new Set(reference.trials.map(({ fidelity }) => fidelity));
      expect([...fidelities].sort((a, b) => a - b)).toEqual(multiFidelity ? [0.25, 0.5, 1] : [1]);
    });

    it('is determined by its seed', () => {
      expect(search(subject, 1)).toEqual(reference);
      expect(search(subject, 2).trials).not.toEqual(reference.trials);
    });

    it('goes on identically from JSON stored after every step', () => {
      expect(search(subject, 1, roundTrip)).toEqual(reference);
    });

    it.each([
      ['in any order', reference],
      ['late for the first round', late],
    ])(
      'is rebuilt at every step from a record of what was asked and told, with identical proposals: results %s',
      (_, { steps }) => {
        let state = start(1);
        for (const [at, step] of steps.entries()) {
          if (step.kind === 'asked')
            expect(strategy.ask(state, step.n), `step ${at}`).toEqual([step.state, step.trials]);
          const next =
            step.kind === 'asked' ? strategy.issue(state, step.trials) : strategy.tell(state, [step.result]);
          expect(next, `step ${at}`).toEqual(step.state);
          // The next step is a process of its own.
          state = roundTrip(next);
        }
      },
    );

    it.each([
      ['in any order', reference],
      ...(folds ? [['late for the first round', late] as const] : []),
    ] as const)(
      'is rebuilt by folding its history, what is awaited issued after it: results %s',
      (_, { steps }) => {
        for (let at = FOLD_EVERY; at < steps.length + FOLD_EVERY; at += FOLD_EVERY) {
          const history = steps.slice(0, at);
          const folded = told(history).reduce((state, result) => strategy.tell(state, [result]), start(1));
          const { state } = history.at(-1) as Step;
          expect(strategy.issue(folded, state.pending), `after ${at} steps`).toEqual(state);
        }
      },
    );

    it('ignores results it has been told, and the order of results told together', () => {
      const full = reference.steps.filter(({ kind, state }) => kind === 'asked' && state.pending.length > 1);
      const chosen = [0, 0.4, 0.8].map((share) => full[Math.floor(share * full.length)] as Step);
      for (const { state } of [...chosen, full.at(-1) as Step]) {
        const results = state.pending.map((trial) => outcomeOf(space, trial));
        const next = strategy.tell(state, results);
        expect(strategy.tell(next, results)).toEqual(next);
        expect(strategy.tell(state, [...results, ...results].reverse())).toEqual(next);
        const before = told(
          reference.steps.slice(0, 1 + reference.steps.findIndex((step) => step.state === state)),
        );
        expect(strategy.tell(next, before)).toEqual(next);
        expect(strategy.tell(state, [...before, ...results])).toEqual(next);
      }
      expect(strategy.tell(reference.state, told(reference.steps))).toEqual(reference.state);
    });

    it('learns a history told at once in the order of proposal, and goes on to its end', () => {
      for (const at of [Math.floor(reference.steps.length / 2), reference.steps.length]) {
        const steps = reference.steps.slice(0, at);
        const { pending } = (steps.at(-1) as Step).state;
        const byId = [...told(steps)].sort((a, b) => (a.trial.id < b.trial.id ? -1 : 1));
        const once = strategy.tell(start(1), told(steps));
        expect(once).toEqual(byId.reduce((state, result) => strategy.tell(state, [result]), start(1)));
        const results = pending.map((trial) => outcomeOf(space, trial));
        const resumed = strategy.tell(strategy.issue(once, pending), results);
        expect(search({ ...subject, start: () => resumed }, 1).state.proposed).toBe(EVALUATIONS);
      }
    });

    it('proposes lost trials again and learns nothing from the loss', () => {
      const init = start(1);
      const [asked, trials] = strategy.ask(init, 2);
      const [first] = trials as readonly [Trial];
      const after = strategy.tell(asked, [{ trial: first, outcome: { kind: 'lost' } }]);
      expect(after.model).toEqual(asked.model);
      const [, again] = strategy.ask(after, 1);
      // Some await their first result before they ask for another.
      const next = trials.length === 1 ? 't-000001' : 't-000002';
      expect(again).toEqual([{ ...first, id: next }]);
      expect(trials.map(({ id }) => id)).not.toContain(next);
    });

    it('survives a search in which every network fails', () => {
      const failing = search(subject, 3, undefined, (_, trial) => ({
        trial,
        outcome: trial.ordinal % 2 === 0 ? { kind: 'infeasible' } : { kind: 'score', value: Number.NaN },
      }));
      expect(new Set(failing.trials.map(({ ordinal }) => ordinal)).size).toBe(EVALUATIONS);
    });

    it('does not change the states it is given', () => {
      const frozen = JSON.stringify(reference.state);
      const init = start(1);
      const before = JSON.stringify(init);
      const [asked, trials] = strategy.ask(init, 3);
      const askedText = JSON.stringify(asked);
      strategy.tell(
        asked,
        trials.map((trial) => outcomeOf(space, trial)),
      );
      expect(JSON.stringify(init)).toBe(before);
      expect(JSON.stringify(asked)).toBe(askedText);
      expect(JSON.stringify(reference.state)).toBe(frozen);
    });
  });
};
