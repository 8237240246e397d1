import type { TopLevelSpec } from 'vega-lite';
import { metricOf } from '../../task/terms.ts';
import type { RunReport } from '../run-report.ts';
import { BY_SEED, valuesAxis } from './channels.ts';
import { scatter } from './scatter.ts';

/** Score in stage 1 against validation score after retraining in stage 2, one point a cell. */
export const proxyFidelity = ({
  proxyFidelity: { points },
  configuration,
}: Pick<RunReport, 'proxyFidelity' | 'configuration'>): TopLevelSpec | undefined => {
  if (points.length === 0) return undefined;
  const metric = metricOf(configuration);
  return scatter(
    points.map(({ searchSeed, score, accuracy }) => ({
      seed: `seed ${searchSeed}`,
      score: metric.value(score),
      accuracy: metric.value(accuracy),
    })),
    { field: 'score', title: 'stage 1: score', ...valuesAxis(metric) },
    { field: 'accuracy', title: `stage 2: validation ${metric.name}`, ...valuesAxis(metric) },
    { ...BY_SEED, sort: 'ascending' },
  );
};
