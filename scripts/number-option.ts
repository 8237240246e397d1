import { InvalidArgumentError } from 'commander';
import { decimalNumber } from '../nas/core/decimal.ts';

/** Parser of an option whose value is a number; `allowed` says in words what `accept` takes. */
export const numberOption =
  (allowed: string, accept: (value: number) => boolean) =>
  (text: string): number => {
    const value = decimalNumber(text.trim());
    if (Number.isNaN(value) || !accept(value)) throw new InvalidArgumentError(`Allowed: ${allowed}.`);
    return value;
  };

/** Parser of an option whose value is a whole number from `least` to `most`, none of them rounded. */
export const wholeNumber = (least: number, most = Number.MAX_SAFE_INTEGER): ((text: string) => number) =>
  numberOption(
    `whole numbers from ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}`,
    (value) => Number.isInteger(value) && value >= least && value <= most,
  );
