import { inputError } from '../protocol/input-error.ts';
import type { Objective } from '../strategy/objective.ts';
import { withinLimits } from '../strategy/objective.ts';
import type { TabularBenchmark } from './table.ts';

/**
 * Which rows are within the limits. Throws `InputError` at `field` where none is, and where the table lacks a column that is
 * limited.
 */
export const rowsWithin = (
  table: Pick<TabularBenchmark, 'size' | 'column'>,
  objective: Objective | undefined,
  field: string,
): readonly boolean[] => {
  const limits = objective?.limits ?? {};
  const columns = Object.keys(limits).map((name) => [name, table.column(name, `${field}.${name}`)] as const);
  const within = Array.from({ length: table.size }, (_, row) =>
    withinLimits(
      { limits, weights: {} },
      Object.fromEntries(columns.map(([name, values]) => [name, values[row] as number])),
    ),
  );
  if (!within.includes(true))
    throw inputError(
      field,
      limits,
      'limits that some architecture of the table satisfies',
      'loosen the limits',
    );
  return within;
};
