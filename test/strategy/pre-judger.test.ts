import { expect, it } from 'vitest';
import { SPACES } from '../../nas/space/registry.ts';
import { STRATEGIES } from '../../nas/strategy/registry.ts';
import type { StrategyState, Trial, TrialOutcome } from '../../nas/strategy/strategy.ts';

const strategy = STRATEGIES['judged-random'].bind(SPACES['nas-bench-201']);

/** Tells one more result, of a trial that the judge held back and trained anyway, or of one that it let pass. */
const after = (state: StrategyState, value: number | null, held = false): StrategyState => {
  const [asked, [trial]] = strategy.ask(state, 1);
  const outcome: TrialOutcome = value === null ? { kind: 'infeasible' } : { kind: 'score', value };
  return strategy.tell(asked, [
    { trial: { ...(trial as Trial), note: { inner: null, rejected: 0, held } }, outcome },
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
