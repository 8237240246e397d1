import type { TopLevelSpec } from 'vega-lite';
import type { Comparison } from '../../benchmark/comparison.ts';
import { byStrategy } from './channels.ts';
import { CHART_CONFIG, PLOT } from './theme.ts';

/** Fronts of final score against the minimised column, of the first run of each strategy, in rank order. */
export const paretoFronts = ({
  strategies,
  final,
}: Pick<Comparison, 'strategies' | 'final'>): TopLevelSpec | undefined => {
  const minimise = strategies[0]?.tradeOff?.minimise;
  if (minimise === undefined) return undefined;
  return {
    config: CHART_CONFIG,
    width: 2 * PLOT.width,
    height: 2 * PLOT.height,
    data: {
      values: strategies.flatMap(({ name, tradeOff }) =>
        (tradeOff?.front ?? []).map((point) => ({ strategy: name, ...point })),
      ),
    },
    mark: { type: 'line', interpolate: 'step-after', point: { size: 24, filled: true } },
    encoding: {
      x: { field: 'cost', type: 'quantitative', title: minimise, scale: { zero: false } },
      y: { field: 'score', type: 'quantitative', title: final, scale: { zero: false } },
      color: byStrategy(strategies),
    },
  };
};
