import { describe, expect, it } from 'vitest';
import {
  createMetric,
  differenceRange,
  isBounded,
  isScore,
  printedOrder,
  scoreRangeText,
  scoresAreFractions,
} from '../../nas/task/metric.ts';
import { termsOf } from '../../nas/task/terms.ts';

const { metric: accuracy } = termsOf('image-classification');
const error = createMetric({
  name: 'mean squared error',
  unit: '',
  differenceUnit: { long: '', short: '' },
  direction: 'lower',
  range: [0, Number.POSITIVE_INFINITY],
  axis: 'g',
  scale: 1,
  digits: 3,
});

describe('an accuracy', () => {
  it('is its own score', () => {
    expect([accuracy.score(0.3), accuracy.value(0.3)]).toEqual([0.3, 0.3]);
    expect(accuracy.format(0.93722)).toBe('93.72 %');
    expect(accuracy.formatDifference(-0.0321)).toBe('−3.21');
    expect(accuracy.formatDifference(-0.00001)).toBe('+0.00');
    expect(accuracy.formatSpread(0.0021, 0.9)).toBe('0.21');
  });

  it('lies in [0, 1]', () => {
    expect([-0.01, 0, 1, 1.01, Number.NaN].map((score) => isScore(accuracy, score))).toEqual([
      ...[false, true, true, false, false],
    ]);
    expect(differenceRange(accuracy)).toEqual([-1, 1]);
    expect(scoresAreFractions(accuracy)).toBe(true);
  });
});

describe('a metric whose lower values are better', () => {
  it('has scores that rise as its values fall, and prints values', () => {
    expect(error.score(0.2)).toBeGreaterThan(error.score(0.3));
    expect(error.value(error.score(0.25))).toBe(0.25);
    expect(Object.is(error.score(0), 0)).toBe(true);
    expect(error.format(error.score(0.25))).toBe('0.250');
    // The better network's error is smaller by a tenth.
    expect(error.formatDifference(error.score(0.2) - error.score(0.3))).toBe('−0.100');
    expect(printedOrder(error, [0.1, 0.4]).map(error.formatDifference)).toEqual(['−0.400', '−0.100']);
  });

  it('has scores up to 0, and differences that nothing bounds and JSON carries', () => {
    expect([-1e9, 0, 0.001].map((score) => isScore(error, score))).toEqual([true, true, false]);
    expect(scoreRangeText(error)).toBe('from −∞ to 0');
    expect(scoresAreFractions(error)).toBe(false);
    const widest = differenceRange(error);
    expect(JSON.parse(JSON.stringify(widest))).toEqual(widest);
    expect([isBounded(widest), isBounded([-1e300, 1])]).toEqual([false, true]);
    expect(printedOrder(error, widest).map(error.formatDifference)).toEqual(['−∞', '+∞']);
  });
});
