import type { Metric } from '../../task/metric.ts';
import { shortNames } from '../names.ts';
import type { RunReport } from '../run-report.ts';
import { COLOURS, SERIES } from './theme.ts';

/** The horizontal axis of every learning curve. */
export const BY_EPOCH = {
  field: 'epoch',
  type: 'quantitative',
  title: 'epoch',
  axis: { tickMinStep: 1, grid: false, format: 'd' },
} as const;

/** Numbers of an axis of a metric's values, in d3's notation. */
export const axisFormat = ({ axis }: Metric): string => `.4~${axis}`;

export type ValuesScale = { readonly zero: false } | { readonly type: 'log'; readonly nice: false };

/** The scale of an axis of a metric's values, as wide as they are. */
export const valuesScale = ({ axisScale }: Metric): ValuesScale =>
  axisScale === 'log' ? { type: 'log', nice: false } : { zero: false };

/** The format and scale of an axis of a metric's values. */
export const valuesAxis = (metric: Metric) => ({ format: axisFormat(metric), scale: valuesScale(metric) });

/** An axis of a metric's values, as wide as they are. */
export const values = (metric: Metric, field: string, title: string) =>
  ({
    field,
    type: 'quantitative',
    title,
    scale: valuesScale(metric),
    axis: { format: axisFormat(metric) },
  }) as const;

/** A colour a search seed, in the order of the data. */
export const BY_SEED = {
  field: 'seed',
  type: 'nominal',
  title: null,
  sort: null,
  scale: { range: [...SERIES] },
} as const;

/** The colours of what the search found and of the random baseline, by their short names in `field`. */
export const byContender = (field: string, configuration: RunReport['configuration']) => {
  const { winner, baseline } = shortNames(configuration);
  return {
    field,
    type: 'nominal',
    title: null,
    scale: { domain: [winner, baseline], range: [COLOURS.winner, COLOURS.baseline] },
  } as const;
};

/** A colour a strategy, in rank order. */
export const byStrategy = (strategies: readonly { readonly name: string }[]) =>
  ({
    field: 'strategy',
    type: 'nominal',
    title: null,
    sort: strategies.map(({ name }) => name),
    scale: { scheme: 'tableau20' },
    legend: { columns: 4 },
  }) as const;
