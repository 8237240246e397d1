import { describe, expect, it } from 'vitest';
import type { Json } from '../../nas/json.ts';
import { randomFromSeed } from '../../nas/random.ts';
import type { Space } from '../../nas/space/space.ts';
import type { StrategyEntry } from '../../nas/strategy/registry.ts';
import type {
  Strategy,
  StrategyPorts,
  StrategyState,
  Trial,
  TrialResult,
} from '../../nas/strategy/strategy.ts';

const EVALUATIONS = 48;
const PARALLELISM = 4;
/** Strategies whose distances take long choose among fewer candidates here; controllers are small, and overlap. */
const OPTIONS: Readonly<Record<string, Json>> = {
  nasbot: { candidates: 10, batch: 8 },
  'auto-keras': { candidates: 10, batch: 8 },
  pnas: { beam: 6, ensemble: 2, epochs: 5 },
  'nas-rl': { units: 6, replicas: 3, children: 2, staleness: 1 },
  'nasnet-reinforce': { units: 6, replicas: 2, children: 3, staleness: 1 },
  eas: { units: 4, embedding: 3, children: 5, widenings: 2, deepenings: 2 },
  'nasnet-ppo': { units: 6, replicas: 2, children: 3, epochs: 2 },
};

/** A score with structure to learn: a fixed random weight for each feature. */
const scoreOf = (space: Space, genotype: Json): number => {
  const random = randomFromSeed(5);
  return space.encode(genotype).reduce((sum, feature) => sum + feature * random.normal(), 0);
};

/** Every seventh network fails; every fifth trial is lost once. */
const outcomeOf = (space: Space, trial: Trial): TrialResult => {
  const number = Number(trial.id.slice(2));
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

interface Run {
  readonly state: StrategyState;
  readonly trials: readonly Trial[];
  readonly history: readonly TrialResult[];
}

const start = (strategy: Strategy, seed: number): StrategyState =>
  strategy.init({ evaluations: EVALUATIONS, options: OPTIONS[strategy.name] ?? {} }, seed);

/** An asynchronous search: slots are refilled one by one and results return out of order. */
const search = (
  strategy: Strategy,
  space: Space,
  seed: number,
  store: (state: StrategyState) => StrategyState = (state) => state,
  outcome = outcomeOf,
): Run => {
  const order = randomFromSeed(99);
  let state = store(start(strategy, seed));
  const trials: Trial[] = [];
  const history: TrialResult[] = [];
  let running: Trial[] = [];
  for (;;) {
    const [asked, issued] = strategy.ask(state, PARALLELISM - running.length);
    state = store(asked);
    trials.push(...issued);
    running = [...running, ...issued];
    if (running.length === 0) return { state, trials, history };
    const done = order.pick(running);
    running = running.filter((trial) => trial !== done);
    const result = outcome(space, done);
    history.push(result);
    state = store(strategy.tell(state, [result]));
  }
};

const roundTrip = (state: StrategyState): StrategyState => JSON.parse(JSON.stringify(state)) as StrategyState;

/** What every strategy promises, on every space that it can search. */
export const strategyContract = (
  spaces: readonly Space[],
  strategies: readonly StrategyEntry[],
  ports: StrategyPorts = {},
): void => {
  const cases = spaces.flatMap((on) =>
    strategies
      .filter((entry) => entry.refuses(on) === undefined)
      .map((entry) => ({ name: entry.name, space: on.name, strategy: entry.bind(on, ports), on })),
  );
  describe.each(cases)('$name on $space', ({ strategy, on: space }) => {
    const reference = search(strategy, space, 1);

    it('spends its budget on valid networks and loses no trial', () => {
      const ordinals = new Set(reference.trials.map(({ ordinal }) => ordinal));
      expect(ordinals.size).toBe(EVALUATIONS);
      expect(new Set(reference.trials.map(({ id }) => id)).size).toBe(reference.trials.length);
      for (const { genotype } of reference.trials) expect(space.validate(genotype)).toEqual(genotype);
      expect(reference.state.pending).toEqual([]);
      expect(reference.state.lost).toEqual([]);
    });

    it('is determined by its seed', () => {
      expect(search(strategy, space, 1)).toEqual(reference);
      expect(search(strategy, space, 2).trials).not.toEqual(reference.trials);
    });

    it('goes on identically from JSON stored after every step', () => {
      expect(search(strategy, space, 1, roundTrip)).toEqual(reference);
    });

    it('is rebuilt by folding its history', () => {
      const init = start(strategy, 1);
      const folded = reference.history.reduce((state, result) => strategy.tell(state, [result]), init);
      expect(folded).toEqual(reference.state);
    });

    it('is rebuilt from a record of what was asked and told', () => {
      const init = start(strategy, 1);
      const [asked, trials] = strategy.ask(init, PARALLELISM);
      expect(strategy.issue(init, trials)).toEqual(asked);
      const told = strategy.tell(asked, [outcomeOf(space, trials[0] as Trial)]);
      const [further, more] = strategy.ask(told, 1);
      expect(strategy.issue(told, more)).toEqual(further);
    });

    it('ignores results it has been told, and the order of results told together', () => {
      const init = start(strategy, 1);
      const [asked, trials] = strategy.ask(init, PARALLELISM);
      const results = trials.map((trial) => outcomeOf(space, trial));
      const told = strategy.tell(asked, results);
      expect(strategy.tell(told, results)).toEqual(told);
      expect(strategy.tell(asked, [...results, ...results].reverse())).toEqual(told);
      expect(strategy.tell(reference.state, reference.history)).toEqual(reference.state);
    });

    it('proposes lost trials again and learns nothing from the loss', () => {
      const init = start(strategy, 1);
      const [asked, trials] = strategy.ask(init, 2);
      const [first] = trials as readonly [Trial];
      const told = strategy.tell(asked, [{ trial: first, outcome: { kind: 'lost' } }]);
      expect(told.model).toEqual(asked.model);
      const [, again] = strategy.ask(told, 1);
      // Some await their first result before they ask for another.
      const next = trials.length === 1 ? 't-000001' : 't-000002';
      expect(again).toEqual([{ ...first, id: next }]);
      expect(trials.map(({ id }) => id)).not.toContain(next);
    });

    it('survives a search in which every network fails', () => {
      const failing = search(strategy, space, 3, undefined, (_, trial) => ({
        trial,
        outcome: trial.ordinal % 2 === 0 ? { kind: 'infeasible' } : { kind: 'score', value: Number.NaN },
      }));
      expect(new Set(failing.trials.map(({ ordinal }) => ordinal)).size).toBe(EVALUATIONS);
    });

    it('does not change the states it is given', () => {
      const frozen = JSON.stringify(reference.state);
      const init = start(strategy, 1);
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
