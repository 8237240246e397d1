import { expect, it } from 'vitest';
import { SPACES } from '../../support/spaces.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';

/** Networks of each rung of the first brackets, where all trials of a rung are under way at once. */
const brackets = (
  name: 'hyperband' | 'bohb',
  minFidelity: number,
  count: number,
): readonly (readonly number[])[] => {
  const strategy = STRATEGIES[name].bind(SPACES['nas-bench-201']);
  let state = strategy.init({ evaluations: 500, options: { eta: 3, minFidelity } }, 0);
  const sizes: number[][] = [];
  for (;;) {
    const [asked, trials] = strategy.ask(state, 100);
    const { bracket } = trials[0]?.note as { readonly bracket: number };
    if (bracket === count) return sizes;
    sizes[bracket] = [...(sizes[bracket] ?? []), trials.length];
    state = strategy.tell(
      asked,
      trials.map((trial, value) => ({ trial, outcome: { kind: 'score', value } })),
    );
  }
};

// Algorithm 1 of Li et al. 2018 at R = 81 and η = 3: ⌈5 · 81 / 5⌉, ⌈5 · 27 / 4⌉, ⌈5 · 9 / 3⌉, ⌈5 · 3 / 2⌉, ⌈5
// / 1⌉.
it('has the brackets of Hyperband', () => {
  expect(brackets('hyperband', 1 / 81, 5).map(([first]) => first)).toEqual([81, 34, 15, 8, 5]);
});

// As automl/HpBandSter 0ec0ce2 counts them, `hpbandster/optimizers/bohb.py:102` and `:136–139`.
it.each([
  [1 / 3, [[3, 1], [2]]],
  [1 / 9, [[9, 3, 1], [3, 1], [3]]],
  [0.05, [[9, 3, 1], [3, 1], [3]]],
  [1 / 27, [[27, 9, 3, 1], [9, 3, 1], [6, 2], [4]]],
  [0.01, [[81, 27, 9, 3, 1], [27, 9, 3, 1], [9, 3, 1], [6, 2], [5]]],
] as const)('has brackets and rungs of HpBandSter for BOHB down to %f of the training', (least, rungs) => {
  expect(brackets('bohb', least, rungs.length)).toEqual(rungs);
});
