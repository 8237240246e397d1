import type { TopLevelSpec } from 'vega-lite';
import { metricOf } from '../../task/terms.ts';
import type { RunReport } from '../run-report.ts';
import { incumbentsOf } from '../search-trials.ts';
import { BY_SEED } from './channels.ts';
import { CHART_CONFIG, PLOT } from './theme.ts';

/** What a logarithmic axis shows in place of nothing. */
const LEAST = 1e-4;

/** How far the best so far of each search is from the best in its table, on logarithmic axes. */
export const searchRegret = ({
  searches,
  tableBest,
  configuration,
}: Pick<RunReport, 'searches' | 'tableBest' | 'configuration'>): TopLevelSpec | undefined => {
  if (tableBest === undefined) return undefined;
  const values = searches.flatMap(({ seed, trials }) => {
    const incumbents = incumbentsOf(trials?.scored ?? []);
    const last = incumbents.at(-1);
    if (trials === undefined || last === undefined) return [];
    return [...incumbents, { ...last, result: trials.proposed }].map(({ result, score }) => ({
      seed: `seed ${seed}`,
      result,
      regret: Math.max(LEAST, tableBest - score),
    }));
  });
  if (values.length === 0) return undefined;
  return {
    config: CHART_CONFIG,
    ...PLOT,
    data: { values },
    mark: { type: 'line', interpolate: 'step-after' },
    encoding: {
      x: {
        field: 'result',
        type: 'quantitative',
        title: 'results so far',
        scale: { type: 'log' },
        axis: { grid: false, format: 'd' },
      },
      y: {
        field: 'regret',
        type: 'quantitative',
        title: 'regret',
        scale: { type: 'log' },
        axis: { format: `.2~${metricOf(configuration).axis}` },
      },
      color: BY_SEED,
    },
  };
};
