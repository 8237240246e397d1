import { expect, test } from 'vitest';
import { integer, percent } from '../../nas/core/number-text.ts';
import { dollars, duration, instant, quantity, scored } from '../../nas/report/format.ts';
import { termsOf } from '../../nas/task/terms.ts';

const { metric } = termsOf();

const spaced = (text: string): string => text.replace(/[\u00a0\u2009]/g, ' ');

test.each([
  [percent(0.93722), '93.72 %'],
  [percent(-0.001), '−0.10 %'],
  [scored(metric, 0.93722), '93.72 %'],
  [metric.formatDifference(0.00321), '+0.32'],
  [metric.formatDifference(-0.0321), '−3.21'],
  [metric.formatDifference(-0.00001), '+0.00'],
  [integer(1234567.4), '1 234 567'],
  [integer(-1000), '−1 000'],
  [quantity(3349342), '3.35 M'],
  [quantity(528359040), '528 M'],
  [quantity(40), '40.0'],
  [quantity(0), '0'],
  [quantity(2.1e12), '2.10 T'],
  [duration(12.34), '12.3 s'],
  [duration(59.97), '1 min 00 s'],
  [duration(3599), '59 min 59 s'],
  [duration(4000), '1 h 07 min'],
  [duration(200_000), '2 d 7 h'],
  [dollars(0.0123), '$0.0123'],
  [dollars(12), '$12.00'],
  [dollars(0), '$0.00'],
  [instant('2026-11-22T14:27:40.123Z'), '2026-11-22 14:27:40 UTC'],
])('%s', (actual, expected) => {
  expect(spaced(actual)).toBe(expected);
});
