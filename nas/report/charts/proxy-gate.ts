import type { TopLevelSpec } from 'vega-lite';
import type { RunReport } from '../run-report.ts';
import { BY_SEED } from './channels.ts';
import { scatter } from './scatter.ts';

/** Standing in the search against accuracy after the short training of the gate, one point a sampled cell. */
export const proxyGate = ({ gate }: Pick<RunReport, 'gate'>): TopLevelSpec | undefined => {
  if (gate === undefined || gate.points.length === 0) return undefined;
  return scatter(
    gate.points.map(({ searchSeed, ...point }) => ({ ...point, seed: `seed ${searchSeed}` })),
    { field: 'standing', title: 'share of the ranking below the cell', format: '.4~p' },
    { field: 'accuracy', title: 'accuracy after a short training', format: '.4~p' },
    { ...BY_SEED, sort: 'ascending' },
  );
};
