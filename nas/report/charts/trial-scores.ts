import type { TopLevelSpec } from 'vega-lite';
import { metricOf } from '../../task/terms.ts';
import type { RunReport } from '../run-report.ts';
import { incumbentsOf } from '../search-trials.ts';
import { BY_SEED, values } from './channels.ts';
import { CHART_CONFIG, PLOT } from './theme.ts';
import { thinned } from './thinned.ts';

/** Every trial's score in the order in which its search learnt it, and the best so far as a line. */
export const trialScores = ({
  searches,
  configuration,
}: Pick<RunReport, 'searches' | 'configuration'>): TopLevelSpec | undefined => {
  const metric = metricOf(configuration);
  const bySearch = searches.flatMap(({ seed, trials }) =>
    trials === undefined || trials.scored.length === 0
      ? []
      : [{ seed: `seed ${seed}`, scored: trials.scored, last: trials.proposed }],
  );
  if (bySearch.length === 0) return undefined;
  const best = bySearch.flatMap(({ seed, scored, last }) => {
    const incumbents = incumbentsOf(scored);
    const end = { ...(incumbents.at(-1) as (typeof incumbents)[number]), result: last };
    return [...incumbents, end].map(({ result, score }) => ({ seed, result, score: metric.value(score) }));
  });
  const points = bySearch.flatMap(({ seed, scored }) =>
    thinned(scored).map(({ result, score }) => ({ seed, result, score: metric.value(score) })),
  );
  const x = {
    field: 'result',
    type: 'quantitative',
    title: 'results so far',
    axis: { tickMinStep: 1, grid: false, format: 'd' },
  } as const;
  const weighted = Object.keys(configuration.stages.search.objective?.weights ?? {}).length > 0;
  const y = values(metric, 'score', `${weighted ? 'weighted ' : ''}validation ${metric.name}`);
  return {
    config: CHART_CONFIG,
    ...PLOT,
    layer: [
      {
        data: { values: points },
        mark: { type: 'point', filled: true, size: 18, opacity: 0.35 },
        encoding: { x, y, color: BY_SEED },
      },
      {
        data: { values: best },
        mark: { type: 'line', interpolate: 'step-after' },
        encoding: { x, y, color: BY_SEED },
      },
    ],
  };
};
