import { describe, expect, it } from 'vitest';
import { deriveSeed, randomFromSeed } from '../../../nas/core/random.ts';
import { SPACES } from '../../support/spaces.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';
import type { StrategyState, Trial, TrialOutcome } from '../../../nas/search/strategy.ts';

const space = SPACES['nas-bench-201'];
const strategy = STRATEGIES['judged-random'].bind(space);

/**
 * Tells one more result, of a trial that the judge held back and trained anyway, or of one that it let pass.
 */
const after = (state: StrategyState, value: number | null, held = false): StrategyState => {
  const [asked, [trial]] = strategy.ask(state, 1);
  const outcome: TrialOutcome = value === null ? { kind: 'infeasible' } : { kind: 'score', value };
  return strategy.tell(asked, [
    { trial: { ...(trial as Trial), note: { inner: null, rejected: [], held } }, outcome },
  ]);
};
const wrongly = (state: StrategyState): number => strategy.summary(state)['wronglyRejected'] as number;

it('counts as wrongly rejected what is in the better part of the networks with a score, however many failed', () => {
  const init = strategy.init({ evaluations: 200, options: { threshold: 0.5 } }, 1);
  const failed = Array.from({ length: 12 }, () => null);
  const state = [...failed, 1, 2, 3, 4].reduce<StrategyState>((at, value) => after(at, value), init);
  expect(strategy.summary(state)).toEqual({ trained: 16, rejected: 0, held: 0, wronglyRejected: 0 });
  expect(wrongly(after(state, null, true))).toBe(0);
  expect(wrongly(after(state, 0.5, true))).toBe(0);
  expect(wrongly(after(state, 2.9, true))).toBe(0);
  expect(wrongly(after(state, 3.1, true))).toBe(1);
  expect(strategy.summary(after(state, 3.1, true))['held']).toBe(1);
  // A network that would have passed anyway was not rejected.
  expect(wrongly(after(state, 3.1, false))).toBe(0);
});

it('counts the first network that works as wrongly rejected, and none that fails, where all others failed', () => {
  const init = strategy.init({ evaluations: 200 }, 1);
  const state = Array.from({ length: 5 }, () => null).reduce<StrategyState>(
    (at, value) => after(at, value),
    init,
  );
  expect(wrongly(after(state, null, true))).toBe(0);
  expect(wrongly(after(state, -7, true))).toBe(1);
});

interface Note {
  readonly rejected: readonly string[];
  readonly held: boolean;
}
const noteOf = ({ note }: Trial): Note => note as unknown as Note;
const keyOf = ({ genotype }: Trial): string => space.hash(genotype).slice(0, 16);

/** A whole search with three trials under way; scores have a structure to learn, and noise. */
const search = (name: keyof typeof STRATEGIES, evaluations: number, seed: number, options = {}) => {
  const judged = STRATEGIES[name].bind(space);
  let state = judged.init({ evaluations, options }, seed);
  const trials: Trial[] = [];
  let running: readonly Trial[] = [];
  for (;;) {
    const [asked, more] = judged.ask(state, 3 - running.length);
    trials.push(...more);
    const [first, ...others] = [...running, ...more];
    if (first === undefined) return { trials, summary: judged.summary(asked) };
    const noise = randomFromSeed(deriveSeed(seed, first.id)).uniform();
    const value = space.encode(first.genotype).reduce((sum, x, i) => sum + x * Math.sin(3.7 * i), noise);
    state = judged.tell(asked, [{ trial: first, outcome: { kind: 'score', value } }]);
    running = others;
  }
};

it('counts a network that it rejects again once, and none that is trained before or after', () => {
  const init = strategy.init({ evaluations: 200 }, 1);
  const [a, b, c] = strategy.ask(init, 3)[1] as readonly [Trial, Trial, Trial];
  const tell = (state: StrategyState, trial: Trial, ...rejected: string[]): StrategyState =>
    strategy.tell(state, [
      { trial: { ...trial, note: { inner: null, rejected, held: false } }, outcome: { kind: 'infeasible' } },
    ]);
  const rejectedIn = (state: StrategyState): number => strategy.summary(state)['rejected'] as number;
  const once = tell(init, a, 'x', keyOf(b));
  expect(rejectedIn(once)).toBe(2);
  const twice = tell(once, b, 'x', 'y', keyOf(a));
  expect(rejectedIn(twice)).toBe(2);
  expect(rejectedIn(tell(twice, c, 'y', 'z'))).toBe(3);
});

it.each(['judged-random', 'judged-evolution', 'judged-hierarchical-evolution'] as const)(
  '%s reports the distinct networks that were spared, and holds none that was proposed before',
  (name) => {
    let [repeated, held] = [0, 0];
    for (let seed = 0; seed < 4; seed++) {
      const { trials, summary } = search(name, 120, seed, { heldShare: 0.3 });
      const trained = new Set(trials.map(keyOf));
      const rejections = trials.flatMap((trial) => noteOf(trial).rejected);
      const spared = [...new Set(rejections)].filter((key) => !trained.has(key));
      expect(summary['rejected']).toBe(spared.length);
      repeated += rejections.length - spared.length;
      const before = new Set<string>();
      for (const trial of trials) {
        if (noteOf(trial).held) expect(before.has(keyOf(trial))).toBe(false);
        held += noteOf(trial).held ? 1 : 0;
        expect(noteOf(trial).rejected).not.toContain(keyOf(trial));
        before.add(keyOf(trial));
      }
    }
    expect(repeated).toBeGreaterThan(0);
    expect(held).toBeGreaterThan(0);
  },
);

describe('the warm-up', () => {
  const firstJudged = (evaluations: number, options = {}): number => {
    const ordinals = [0, 1, 2, 3, 4, 5].flatMap((seed) =>
      search('judged-random', evaluations, seed, { heldShare: 0, threshold: 0.95, ...options })
        .trials.filter((trial) => noteOf(trial).rejected.length > 0)
        .map(({ ordinal }) => ordinal),
    );
    return Math.min(...ordinals);
  };

  it('is as many results as it says, however few', () => {
    // Two more are under way when the last of them is told.
    expect([2, 5, 12].map((warmUp) => firstJudged(60, { warmUp }))).toEqual([4, 7, 14]);
  });

  it('leaves half of a small budget to the judge, and four fifths of a larger one', () => {
    const defaults = [1, 2, 3, 5, 10, 12, 20, 50, 100, 1000].map(
      (evaluations) => STRATEGIES['judged-random'].options(evaluations).parse({}) as { warmUp: number },
    );
    expect(defaults.map(({ warmUp }) => warmUp)).toEqual([1, 1, 2, 3, 5, 6, 10, 10, 20, 50]);
    expect(firstJudged(12)).toBe(8);
  });

  it('fits into the budget', () => {
    expect(() => strategy.init({ evaluations: 40, options: { warmUp: 41 } }, 0)).toThrow(
      /^strategy\.warmUp: 41 .*at most the 40 evaluations of the search.*lower warmUp or raise evaluations/,
    );
    expect(() => strategy.init({ evaluations: 40, options: { warmUp: 40 } }, 0)).not.toThrow();
  });
});
