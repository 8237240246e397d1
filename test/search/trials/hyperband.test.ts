import { expect, it } from 'vitest';
import { SPACES } from '../../support/spaces.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';

/** New networks of each bracket, where all trials of a rung are under way at once. */
const bracketSizes = (name: 'hyperband' | 'bohb'): readonly number[] => {
  const strategy = STRATEGIES[name].bind(SPACES['nas-bench-201']);
  let state = strategy.init({ evaluations: 500, options: { eta: 3, minFidelity: 1 / 81 } }, 0);
  const sizes: number[] = [];
  for (;;) {
    const [asked, trials] = strategy.ask(state, 100);
    if (trials.length === 0) return sizes;
    const { bracket, rung } = trials[0]?.note as { readonly bracket: number; readonly rung: number };
    if (bracket === 5) return sizes;
    if (rung === 0) sizes[bracket] = trials.length;
    state = strategy.tell(
      asked,
      trials.map((trial, value) => ({ trial, outcome: { kind: 'score', value } })),
    );
  }
};

// Algorithm 1 of Li et al. 2018 at R = 81 and η = 3: ⌈5 · 81 / 5⌉, ⌈5 · 27 / 4⌉, ⌈5 · 9 / 3⌉, ⌈5 · 3 / 2⌉, ⌈5
// / 1⌉.
it('has the brackets of Hyperband', () => {
  expect(bracketSizes('hyperband')).toEqual([81, 34, 15, 8, 5]);
});

it('has those of HpBandSter for BOHB', () => {
  expect(bracketSizes('bohb')).toEqual([81, 27, 9, 6, 5]);
});
