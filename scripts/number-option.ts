import { InvalidArgumentError } from 'commander';

/** Parser of an option whose value is a number; `allowed` says in words what `accept` takes. */
export const numberOption =
  (allowed: string, accept: (value: number) => boolean) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !accept(value)) throw new InvalidArgumentError(`Allowed: ${allowed}.`);
    return value;
  };

/** Parser of an option whose value is a whole number from `least` to `most`. */
export const wholeNumber = (least: number, most = Infinity): ((text: string) => number) =>
  numberOption(
    most === Infinity ? `whole numbers from ${least}` : `whole numbers from ${least} to ${most}`,
    (value) => Number.isInteger(value) && value >= least && value <= most,
  );
