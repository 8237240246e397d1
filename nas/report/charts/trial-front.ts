import type { TopLevelSpec } from 'vega-lite';
import { metricOf } from '../../task/terms.ts';
import type { RunReport } from '../run-report.ts';
import { marksOf, measureTitle, pointsOf } from '../trial-measures.ts';
import { scoreCostFront } from '../../search/trials/pareto.ts';
import { BY_SEED, values } from './channels.ts';
import { CHART_CONFIG, COLOURS, PLOT } from './theme.ts';
import { thinned } from './thinned.ts';

/**
 * Score against one measure of every trial, the front of each search as a line, and what the search was held
 * to.
 */
export const trialFront = (
  { searches, configuration }: Pick<RunReport, 'searches' | 'configuration'>,
  measure: string,
): TopLevelSpec | undefined => {
  const metric = metricOf(configuration);
  const bySearch = searches.map((search) => ({
    seed: `seed ${search.seed}`,
    points: pointsOf(search, measure, configuration),
  }));
  if (bySearch.every(({ points }) => points.length === 0)) return undefined;
  const placed = (of: (points: ReturnType<typeof pointsOf>) => ReturnType<typeof pointsOf>) =>
    bySearch.flatMap(({ seed, points }) =>
      of(points).map((point) => ({ ...point, score: metric.value(point.score), seed })),
    );
  const x = {
    field: 'cost',
    type: 'quantitative',
    title: measureTitle(measure, configuration),
    scale: { zero: false, padding: 12 },
    axis: { format: '.3~s' },
  } as const;
  const y = values(metric, 'score', `validation ${metric.name}`);
  const marks = marksOf(measure, configuration);
  return {
    config: CHART_CONFIG,
    ...PLOT,
    layer: [
      {
        data: { values: placed(thinned) },
        mark: { type: 'point', filled: true, size: 30, opacity: 0.35 },
        encoding: { x, y, color: BY_SEED },
      },
      {
        data: { values: placed(scoreCostFront) },
        mark: { type: 'line', interpolate: 'step-after', point: { size: 45, filled: true } },
        encoding: { x, y, color: BY_SEED },
      },
      ...(marks.length === 0
        ? []
        : [
            {
              data: { values: [...marks] },
              mark: { type: 'rule' as const, strokeDash: [4, 3], color: COLOURS.bad },
              encoding: { x: { ...x, field: 'at' } },
            },
            {
              data: { values: [...marks] },
              mark: { type: 'text' as const, y: 0, dx: 4, dy: 6, align: 'left' as const, color: COLOURS.bad },
              encoding: { x: { ...x, field: 'at' }, text: { field: 'what' } },
            },
          ]),
    ],
  };
};
