import type { TopLevelSpec } from 'vega-lite';
import { metricOf } from '../../task/terms.ts';
import type { RunReport } from '../run-report.ts';
import { axisFormat, BY_SEED, valuesScale } from './channels.ts';
import { CHART_CONFIG, PLOT } from './theme.ts';

/** Distribution of the candidates' stage-1 scores, one outline a search seed that scored several. */
export const candidateScores = ({
  searches,
  configuration,
}: Pick<RunReport, 'searches' | 'configuration'>): TopLevelSpec | undefined => {
  const metric = metricOf(configuration);
  const values = searches
    .filter(({ candidates }) => candidates > 1)
    .flatMap(({ seed, scores: { from, width, counts }, candidates }) =>
      counts.map((count, i) => ({
        seed: `seed ${seed}`,
        score: metric.value(from + (i + 0.5) * width),
        share: count / candidates,
      })),
    );
  if (values.length === 0) return undefined;
  return {
    config: CHART_CONFIG,
    ...PLOT,
    data: { values },
    mark: { type: 'area', interpolate: 'step', line: true, fillOpacity: 0.14 },
    encoding: {
      x: {
        field: 'score',
        type: 'quantitative',
        title: `validation ${metric.name} in stage 1`,
        scale: valuesScale(metric),
        axis: { format: axisFormat(metric), grid: false },
      },
      y: {
        field: 'share',
        type: 'quantitative',
        title: 'share of candidates',
        stack: null,
        axis: { format: '.4~p' },
      },
      color: BY_SEED,
    },
  };
};
