import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advantage, freshScale, updateScale } from '../../../nas/search/trials/reward-scale.ts';

const scaleOf = (rewards: readonly number[], decay: number) =>
  rewards.reduce((scale, reward) => updateScale(scale, reward, decay), freshScale);

const rewards = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 40 });
const decays = fc.double({ min: 0, max: 0.99, noNaN: true });

describe('the scale of rewards', () => {
  it('has the exponentially weighted mean and variance', () => {
    fc.assert(
      fc.property(rewards, decays, (seen, decay) => {
        const weights = seen.map((_, i) => decay ** (seen.length - 1 - i));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const average = (of: (reward: number) => number): number =>
          seen.reduce((sum, reward, i) => sum + (weights[i] as number) * of(reward), 0) / total;
        const mean = average((reward) => reward);
        const scale = scaleOf(seen, decay);
        expect(scale.mean).toBeCloseTo(mean, 10);
        expect(scale.variance).toBeCloseTo(
          average((reward) => (reward - mean) ** 2),
          10,
        );
      }),
    );
  });

  it('gives no advantage where nothing or only equal rewards are known', () => {
    expect(advantage(freshScale, 0.7)).toBe(0);
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 100, noNaN: true }), decays, fc.nat(30), (reward, decay, n) => {
        const same = scaleOf(new Array<number>(n + 1).fill(reward), decay);
        expect(advantage(same, reward + 0.5)).toBe(0);
      }),
    );
  });

  it('gives the same advantages for percent as for fractions', () => {
    fc.assert(
      fc.property(rewards, decays, fc.double({ min: 0, max: 1, noNaN: true }), (seen, decay, next) => {
        // A spread below the rounding of the rewards themselves means nothing.
        fc.pre(Math.max(...seen) - Math.min(...seen) > 1e-6);
        const percent = scaleOf(
          seen.map((reward) => 100 * reward),
          decay,
        );
        expect(advantage(percent, 100 * next)).toBeCloseTo(advantage(scaleOf(seen, decay), next), 5);
      }),
    );
  });
});
