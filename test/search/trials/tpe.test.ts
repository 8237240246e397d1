import { describe, expect, it } from 'vitest';
import { splitObservations } from '../../../nas/search/trials/tpe.ts';
import type { Observation } from '../../../nas/search/trials/tpe.ts';

const D = 6;
/** Scores 0, 1, … in an order that is not sorted; every tenth network failed. */
const observed = (count: number, fidelity: number): readonly Observation[] =>
  Array.from({ length: count }, (_, i) => ({
    choices: [i],
    score: i % 10 === 9 ? null : (i * 37) % count,
    fidelity,
  }));
const split = (...parts: readonly (readonly Observation[])[]) => {
  const found = splitObservations(parts.flat(), D, 0.15);
  return found && { good: found.ranked.slice(0, found.good), bad: found.ranked.slice(found.good) };
};
const counts = (...parts: readonly (readonly Observation[])[]) => {
  const { good = [], bad = [] } = split(...parts) ?? {};
  return [good.length, bad.length];
};

describe('the densities of BOHB', () => {
  it('have one network more than decisions each, before the best 15 % are as many', () => {
    expect(split(observed(13, 0.25))).toBeUndefined();
    expect(counts(observed(14, 0.25))).toEqual([7, 7]);
    expect(counts(observed(47, 0.25))).toEqual([7, 40]);
    expect(counts(observed(100, 0.25))).toEqual([15, 85]);
  });

  it('part the best of a fidelity from the others, the failed among these', () => {
    const { good, bad } = split(observed(40, 0.25)) ?? { good: [], bad: [] };
    const worst = Math.min(...good.map(({ score }) => score ?? Number.NEGATIVE_INFINITY));
    expect(Math.max(...bad.map(({ score }) => score ?? Number.NEGATIVE_INFINITY))).toBeLessThan(worst);
    expect(bad.filter(({ score }) => score === null)).toHaveLength(4);
  });

  it('are those of the highest fidelity that has enough, which no later result changes', () => {
    const [low, middle] = [observed(60, 0.25), observed(14, 0.5)];
    const fidelitiesOf = (...parts: readonly (readonly Observation[])[]) => {
      const { good = [], bad = [] } = split(...parts) ?? {};
      return [...new Set([...good, ...bad].map(({ fidelity }) => fidelity))];
    };
    expect(fidelitiesOf(low, middle.slice(1))).toEqual([0.25]);
    expect(fidelitiesOf(low, middle)).toEqual([0.5]);
    expect(fidelitiesOf(low, middle, observed(13, 1))).toEqual([0.5]);
    expect(fidelitiesOf(low, middle, observed(14, 1))).toEqual([1]);
    const all = [...low, ...middle, ...observed(20, 1)];
    for (let count = 14; count <= all.length; count++) expect(split(all.slice(0, count))).toBeDefined();
  });

  it('are those of TPE where every network is fully trained', () => {
    expect(split(observed(1, 1))).toBeUndefined();
    expect(counts(observed(2, 1))).toEqual([1, 1]);
    expect(counts(observed(40, 1))).toEqual([6, 34]);
  });
});
