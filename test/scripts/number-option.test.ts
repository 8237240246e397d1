import { describe, expect, it } from 'vitest';
import { numberOption, wholeNumber } from '../../scripts/number-option.ts';

describe('an option whose value is a number', () => {
  it('is read in decimals', () => {
    expect(['7', ' 12 ', '1e3', '+5'].map(wholeNumber(1))).toEqual([7, 12, 1000, 5]);
    expect(numberOption('any', () => true)('-.5E-1')).toBe(-0.05);
    expect(wholeNumber(0)('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each(['', ' ', '0', '1.5', '0x10', '0b1', 'Infinity', 'NaN', '1_000', '1e', '9007199254740993', '1e20'])(
    'is refused as %j',
    (text) => {
      expect(() => wholeNumber(1, 9)(text)).toThrow('Allowed: whole numbers from 1 to 9.');
      expect(() => wholeNumber(1)(text)).toThrow('Allowed: whole numbers from 1.');
    },
  );
});
