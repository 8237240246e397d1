import type { TopLevelSpec } from 'vega-lite';
import type { RunReport } from '../run-report.ts';
import { BY_SEED } from './channels.ts';
import { scatter } from './scatter.ts';

/** Score in stage 1 against validation accuracy after retraining in stage 2, one point a cell. */
export const proxyFidelity = ({
  proxyFidelity: { points },
}: Pick<RunReport, 'proxyFidelity'>): TopLevelSpec | undefined => {
  if (points.length === 0) return undefined;
  return scatter(
    points.map(({ searchSeed, score, accuracy }) => ({ seed: `seed ${searchSeed}`, score, accuracy })),
    { field: 'score', title: 'stage 1: score', format: '.4~p' },
    { field: 'accuracy', title: 'stage 2: validation accuracy', format: '.4~p' },
    { ...BY_SEED, sort: 'ascending' },
  );
};
