import type { TopLevelSpec } from 'vega-lite';
import type { CurvePoint } from '../../job/job.ts';
import type { RunReport } from '../run-report.ts';
import { linesByEpoch } from './lines-by-epoch.ts';

/** One line a search seed: training loss or accuracy of the shared weights by epoch. */
export const searchCurves = (
  { searches }: Pick<RunReport, 'searches'>,
  field: keyof CurvePoint & ('trainLoss' | 'trainAccuracy'),
): TopLevelSpec | undefined => {
  const values = searches.flatMap(({ seed, curve }) =>
    curve.flatMap(({ epoch, [field]: value }) =>
      value === undefined ? [] : [{ line: `seed ${seed}`, epoch, value }],
    ),
  );
  return linesByEpoch(values, {
    scale: { zero: false },
    ...(field === 'trainAccuracy'
      ? { title: 'training accuracy', axis: { format: '.4~p' } }
      : { title: 'training loss, nats' }),
  });
};
