import { integer, percent } from '../core/number-text.ts';
import type { BudgetView, Spent } from '../protocol/run-view.ts';
import { decimal, duration, quantity } from './format.ts';

/** The random side's shares of the search's work and of its time may differ by as much. */
const TOLERANCE = 0.1;

const spentText = ({ multiplyAdds, seconds }: Spent): string =>
  `${quantity(multiplyAdds)} multiply-adds${seconds === undefined ? '' : ` in ${duration(seconds)}`}`;

const failedText = ({ search, random }: BudgetView): string => {
  const failed = search.failed + random.failed;
  return failed === 0
    ? ''
    : ` ${integer(failed)} of the ${integer(search.jobs + random.jobs)} jobs failed; what they took is counted.`;
};

/** What it means that equal multiply-adds were not equal time; empty where they were. */
const disagreementText = (work: number, time: number): string => {
  const factor = work / time;
  if (Math.abs(factor - 1) <= TOLERANCE) return '';
  const slower =
    factor > 1
      ? `in the search a multiply-add took ${decimal(factor, 1)} times as long as in random search`
      : `in random search a multiply-add took ${decimal(1 / factor, 1)} times as long as in the search`;
  return (
    ` Time disagrees with that by more than 10 %: ${slower}. In the search’s machine time random search would have trained ` +
    `${decimal(1 / time, 1)} times the cells that it has; the verdict is about equal multiply-adds.`
  );
};

/**
 * What the two sides were given: in multiply-adds, which are the same on every machine and are made equal,
 * and in machine time of the same run. `undefined` where one of them had nothing to do.
 */
export const budgetText = (budget: BudgetView): string | undefined => {
  const { search, random } = budget;
  if (search.multiplyAdds === 0 || random.jobs === 0) return undefined;
  const work = random.multiplyAdds / search.multiplyAdds;
  const time =
    search.seconds === undefined || random.seconds === undefined || search.seconds === 0
      ? undefined
      : random.seconds / search.seconds;
  return (
    `Equal budget: stages 1 and 2 spent ${spentText(search)}, random search ${spentText(random)} on retraining ` +
    `${integer(random.jobs)} random cells: ${percent(work, 0)} of the multiply-adds` +
    (time === undefined
      ? '. Its share of the time is not known, because results were found and not made.'
      : ` and ${percent(time, 0)} of the machine time.`) +
    failedText(budget) +
    (time === undefined ? '' : disagreementText(work, time))
  );
};
