import type { TopLevelSpec } from 'vega-lite';
import type { Verdict } from '../../protocol/run-view.ts';
import { isBounded, printedOrder } from '../../task/metric.ts';
import type { Metric } from '../../task/metric.ts';
import { CHART_CONFIG, COLOURS } from './theme.ts';

/**
 * The paired 95 % interval of (winner − baseline) against zero, as the metric prints it; an interval that
 * nothing bounds is left out.
 */
export const difference = ({ interval, meanDifference, kind }: Verdict, metric: Metric): TopLevelSpec => {
  const colour = { better: COLOURS.good, worse: COLOURS.bad, 'not-distinguishable': COLOURS.muted }[kind];
  const [low, high] = printedOrder(metric, interval).map(metric.difference) as [number, number];
  const bounds = isBounded(interval) ? { low, high } : {};
  const values = [{ ...bounds, mean: metric.difference(meanDifference), zero: 0 }];
  const { name, differenceUnit } = metric;
  const x = {
    type: 'quantitative',
    title: `search − random, ${differenceUnit.long === '' ? '' : `${differenceUnit.long} of `}test ${name}`,
    axis: { grid: false, format: '+~f' },
    scale: { nice: true },
  } as const;
  return {
    config: CHART_CONFIG,
    width: 300,
    height: 34,
    data: { values },
    layer: [
      {
        mark: { type: 'rule', strokeDash: [3, 3], color: COLOURS.muted },
        encoding: { x: { ...x, field: 'zero' } },
      },
      ...(isBounded(interval)
        ? [
            {
              mark: { type: 'rule' as const, strokeWidth: 4, color: colour, opacity: 0.45, y: 17 },
              encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' } },
            },
          ]
        : []),
      {
        mark: { type: 'point', filled: true, size: 110, color: colour, opacity: 1, y: 17 },
        encoding: { x: { ...x, field: 'mean' } },
      },
    ],
  };
};
