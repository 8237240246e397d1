import { describe, expect, it } from 'vitest';
import type { Json } from '../../../nas/core/json.ts';
import { SPACES } from '../../../nas/space/registry.ts';
import { STRATEGIES, strategyNamed } from '../../../nas/search/registry.ts';
import type { StrategyState, Trial, TrialResult } from '../../../nas/search/strategy.ts';

const space = SPACES['nas-bench-201'];
const RUNGS = { eta: 2, minFidelity: 0.25 };

/** Scores by the trial's place in the search; a measure that tells networks apart. */
const resultOf = (trial: Trial): TrialResult => ({
  trial,
  outcome: {
    kind: 'score',
    value: (trial.ordinal * 7) % 11,
    measures: { multiplyAdds: space.print(trial.genotype).split('nor_conv').length },
  },
});

/** One trial after the other. */
const search = (
  name: string,
  options: Json,
  evaluations = 40,
  result = resultOf,
): { readonly state: StrategyState; readonly trials: readonly Trial[] } => {
  const strategy = strategyNamed(name).bind(space);
  let state = strategy.init({ evaluations, options }, 3);
  const trials: Trial[] = [];
  for (;;) {
    const [asked, [trial]] = strategy.ask(state, 1);
    if (trial === undefined) return { state: asked, trials };
    trials.push(trial);
    state = strategy.tell(asked, [result(trial)]);
  }
};

const innerOf = <T>({ model }: StrategyState): T =>
  (model as unknown as { readonly sampler: { readonly inner: T } }).sampler.inner;

describe.each(['asha', 'successive-halving', 'hyperband'])('%s over another strategy', (name) => {
  it('gives a multi-objective one the measures', () => {
    const sampler = { name: 'nsga-net', populationSize: 4 };
    const { state, trials } = search(name, { ...RUNGS, sampler });
    const { population } = innerOf<{ population: { objectives: number[] }[] }>(state);
    expect(population).toHaveLength(4);
    for (const { objectives } of population) expect(objectives[1]).toBeLessThan(0);
    const blind = search(name, { ...RUNGS, sampler }, 40, (trial) => ({
      trial,
      outcome: { kind: 'score', value: (trial.ordinal * 7) % 11 },
    }));
    expect(innerOf<{ population: unknown[] }>(blind.state).population).toEqual([]);
    expect(blind.trials).not.toEqual(trials);
  });

  it('tells it the first result of each network', () => {
    const { state, trials } = search(name, {
      ...RUNGS,
      sampler: { name: 'non-aging-evolution', populationSize: 39, tournamentSize: 1 },
    });
    const isNew = ({ note }: Trial) => (note as { rung: number }).rung === 0;
    expect(trials.filter((trial) => !isNew(trial)).length).toBeGreaterThan(5);
    const { population } = innerOf<{ population: { genotype: Json; score: number }[] }>(state);
    const known = trials.filter(isNew);
    expect(population.map(({ score }) => score)).toEqual(known.map(({ ordinal }) => (ordinal * 7) % 11));
    expect(population.map(({ genotype }) => genotype)).toEqual(known.map(({ genotype }) => genotype));
  });

  it('counts for it new networks alone', () => {
    const { trials } = search(name, { ...RUNGS, sampler: { name: 'q-learning' } });
    const ordinals = trials.flatMap(({ note }) => {
      const { rung, sampler } = note as { rung: number; sampler: { ordinal: number } };
      return rung === 0 ? [sampler.ordinal] : [];
    });
    expect(ordinals).toEqual(ordinals.map((_, i) => i));
    expect(ordinals.length).toBeLessThan(trials.length);
  });

  it('shows its counts', () => {
    const options = { ...RUNGS, sampler: { name: 'judged-random', warmUp: 10 } };
    const { state } = search(name, options);
    const { trained, rejected } = strategyNamed(name).bind(space).summary(state);
    expect(trained).toBeGreaterThan(10);
    expect(rejected).toBeGreaterThan(0);
    expect(strategyNamed(name).bind(space).summary(search(name, RUNGS).state)).toEqual({});
  });

  it('refuses what it refuses, under its own field', () => {
    const init = (sampler: Json, evaluations = 40) =>
      strategyNamed(name)
        .bind(space)
        .init({ evaluations, options: { ...RUNGS, sampler } }, 0);
    expect(() => init({ name: 'genetic', populationSize: 41 })).toThrow(
      /^strategy\.sampler\.populationSize: 41 .*at most the 40 evaluations/,
    );
    expect(() => init({ name: 'pnas' })).toThrow(/^strategy\.sampler\.name: "pnas".*Allowed: random, /);
    expect(() => init({ name: 'eas' })).toThrow(/weights of fully trained ones/);
    expect(() => init({ name: 'asha' })).toThrow(/^strategy\.sampler\.name/);
  });

  it('thinks long where it does', () => {
    const { options, thinksLong } = strategyNamed(name);
    const settled = (sampler: Json) => options(40).parse({ sampler }) as Json;
    expect(thinksLong(settled({ name: 'pnas', predictor: 'lstm' }))).toBe(true);
    expect(thinksLong(settled({ name: 'pnas', beam: 256 }))).toBe(true);
    expect(thinksLong(settled({ name: 'pnas' }))).toBe(false);
    expect(thinksLong(settled({ name: 'nasbot' }))).toBe(true);
    expect(thinksLong(settled({ name: 'auto-keras' }))).toBe(true);
    expect(thinksLong(settled({ name: 'bayesian-optimization' }))).toBe(false);
  });
});

it('has names for two pairs, which refuse what their sampler refuses', () => {
  const options = (name: string) => strategyNamed(name).options(40).parse({}) as { readonly sampler: Json };
  const { bohb, hyperband, tpe } = STRATEGIES;
  expect(options('bohb').sampler).toEqual(tpe.options(40).parse({}));
  expect(options('asha-evolution').sampler).toEqual(
    STRATEGIES['regularized-evolution'].options(40).parse({}),
  );
  expect(bohb.refuses(SPACES.nasbot)).toMatch(/lists/);
  expect(bohb.refuses(SPACES.nasbot)).toBe(tpe.refuses(SPACES.nasbot));
  expect(hyperband.refuses(SPACES.nasbot)).toBeUndefined();
});
