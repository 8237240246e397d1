import { describe, expect, it } from 'vitest';
import { differenceRange, isScore, scoreRangeText, scoresAreFractions } from '../../../nas/task/metric.ts';
import { perplexity, perplexityOf, referencePerplexity } from '../../../nas/task/text/perplexity.ts';

describe('perplexity', () => {
  it('is better the lower it is: its score is the negative logarithm', () => {
    expect(perplexity.score(57)).toBeGreaterThan(perplexity.score(58));
    expect(perplexity.value(perplexity.score(58.13))).toBeCloseTo(58.13, 10);
    expect(Object.is(perplexity.score(1), 0)).toBe(true);
    expect([58.128, 1234.5, 1e5].map((value) => perplexity.format(perplexity.score(value)))).toEqual([
      ...['58.13', '1235', '100000'],
    ]);
    expect(perplexity.format(-1e4)).toBe('∞');
  });

  it('is at least 1, and a loss that is no number is no score', () => {
    expect(
      [0.1, 0, -4, Number.NaN, Number.NEGATIVE_INFINITY].map((score) => isScore(perplexity, score)),
    ).toEqual([...[false, true, true, false, false]]);
    expect(scoreRangeText(perplexity)).toBe('from −∞ to 0');
    expect(scoresAreFractions(perplexity)).toBe(false);
  });

  it('has differences that are ratios, in percent of the other one', () => {
    const [better, worse] = [perplexity.score(95), perplexity.score(100)];
    expect(perplexity.formatDifference(better - worse)).toBe('−5.00');
    expect(perplexity.formatDifference(worse - better)).toBe('+5.26');
    expect(perplexity.formatDifference(0)).toBe('+0.00');
    expect(differenceRange(perplexity).map(perplexity.formatDifference)).toEqual(['+∞', '−100.00']);
  });

  it('prints a spread of scores as one of perplexities around the mean', () => {
    expect(perplexity.formatSpread(0.01, perplexity.score(60))).toBe('0.60');
  });

  it('counts predicted tokens alone, where the references count every row', () => {
    const loss = Math.log(80);
    expect(perplexityOf(loss)).toBeCloseTo(80, 10);
    expect(referencePerplexity(loss, 72) / 80).toBeCloseTo(0.941, 3);
    expect(referencePerplexity(loss, 7376) / 80).toBeCloseTo(0.9994, 4);
  });
});
