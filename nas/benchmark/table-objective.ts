import { inputError } from '../core/input-error.ts';
import type { Objective } from '../search/objective.ts';
import { withinLimits } from '../search/objective.ts';
import type { TabularBenchmark } from './table.ts';

type Table = Pick<TabularBenchmark, 'size' | 'column' | 'describeRow'>;

/**
 * What tables write where a network has no measure: the latency of one that the device's compiler refuses
 * (HW-NAS-Bench).
 */
const UNMEASURED = -1;

/** Whether the column is a measure that some rows lack: −1 is its only negative value. */
const hasUnmeasured = (values: Float64Array): boolean =>
  values.includes(UNMEASURED) && values.every((value) => value >= 0 || value === UNMEASURED);

interface TableObjective {
  /** With the limits that leave out what was not measured. */
  readonly objective?: Objective;
  /** Which rows are within the limits. */
  readonly allowed: readonly boolean[];
}

/**
 * An objective on a table's columns, and on those that a strategy keeps small besides. A network that lacks
 * one of these measures cannot be what is sought: the column's limit begins at zero then, unless it says
 * where. Throws `InputError` where the table lacks a column, where no row is within the limits, and where a
 * weight meets a value that it cannot weigh. `field` is the objective's place.
 */
export const objectiveOnTable = (
  table: Table,
  { objective, minimised }: { readonly objective?: Objective; readonly minimised: readonly string[] },
  field: string,
): TableObjective => {
  const { limits = {}, weights = {} } = objective ?? {};
  const names = [...new Set([...Object.keys(limits), ...Object.keys(weights), ...minimised])];
  const columns = names.map((name) => [name, table.column(name, field)] as const);
  const begun = columns.flatMap(([name, values]) =>
    limits[name]?.min === undefined && hasUnmeasured(values)
      ? [[name, { ...limits[name], min: 0 }] as const]
      : [],
  );
  const whole =
    begun.length === 0 ? objective : { weights, limits: { ...limits, ...Object.fromEntries(begun) } };
  const allowed = Array.from(
    { length: table.size },
    (_, row) =>
      whole === undefined ||
      withinLimits(whole, Object.fromEntries(columns.map(([name, values]) => [name, values[row] as number]))),
  );
  if (!allowed.includes(true))
    throw inputError(
      `${field}.limits`,
      whole?.limits,
      'limits that some architecture of the table satisfies',
      'loosen the limits',
    );
  for (const [name, values] of columns) {
    const row = Object.hasOwn(weights, name)
      ? values.findIndex((value, i) => allowed[i] === true && value <= 0)
      : -1;
    if (row >= 0)
      throw inputError(
        `${field}.weights`,
        name,
        'columns above 0 in every row within the limits, since a weight is a power of the value',
        `the table has ${values[row]} for ${table.describeRow(row)}; choose another column, or set limits.${name}.min`,
      );
  }
  return { ...(whole && { objective: whole }), allowed };
};
