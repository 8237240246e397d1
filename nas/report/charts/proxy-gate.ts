import type { TopLevelSpec } from 'vega-lite';
import { metricOf } from '../../task/terms.ts';
import type { RunReport } from '../run-report.ts';
import { BY_SEED, valuesAxis } from './channels.ts';
import { scatter } from './scatter.ts';

/**
 * Standing in the search against the score after the short training of the gate, one point a sampled cell.
 */
export const proxyGate = ({
  gate,
  configuration,
}: Pick<RunReport, 'gate' | 'configuration'>): TopLevelSpec | undefined => {
  if (gate === undefined || gate.points.length === 0) return undefined;
  const metric = metricOf(configuration);
  return scatter(
    gate.points.map(({ searchSeed, standing, accuracy }) => ({
      standing,
      accuracy: metric.value(accuracy),
      seed: `seed ${searchSeed}`,
    })),
    { field: 'standing', title: 'share of the ranking below the cell', format: '.4~p' },
    { field: 'accuracy', title: `${metric.name} after a short training`, ...valuesAxis(metric) },
    { ...BY_SEED, sort: 'ascending' },
  );
};
