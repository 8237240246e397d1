import type { TopLevelSpec } from 'vega-lite';
import type { Comparison } from '../../benchmark/comparison.ts';
import { byStrategy } from './channels.ts';
import { CHART_CONFIG, PLOT } from './theme.ts';

/**
 * The least regret that is drawn, where a logarithm has no zero: as a share of the range of the table's
 * scores.
 */
const LEAST = 1e-5;

/** Mean regret over evaluations on logarithmic axes, one line a strategy, in rank order. */
export const regretCurves = ({
  strategies,
  final,
  optimum,
  worst,
}: Pick<Comparison, 'strategies' | 'final' | 'optimum' | 'worst'>): TopLevelSpec => ({
  config: CHART_CONFIG,
  width: 2 * PLOT.width,
  height: 2 * PLOT.height,
  data: {
    values: strategies.flatMap(({ name, regret }) =>
      regret.map(({ evaluations, mean }) => ({
        strategy: name,
        evaluations,
        regret: Math.max(mean, LEAST * (optimum - worst)),
      })),
    ),
  },
  mark: { type: 'line', point: { size: 20, filled: true } },
  encoding: {
    x: {
      field: 'evaluations',
      type: 'quantitative',
      scale: { type: 'log' },
      axis: { grid: false, format: 'd' },
    },
    y: {
      field: 'regret',
      type: 'quantitative',
      title: `regret in ${final}`,
      scale: { type: 'log' },
    },
    color: byStrategy(strategies),
  },
});
