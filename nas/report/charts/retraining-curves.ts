import type { TopLevelSpec } from 'vega-lite';
import { shortNames } from '../names.ts';
import type { RunReport } from '../run-report.ts';
import { BY_EPOCH, byContender, percentages } from './channels.ts';
import { CHART_CONFIG, PLOT } from './theme.ts';

/** Validation accuracy by epoch of every cell trained from scratch, the search's against the random ones. */
export const retrainingCurves = ({
  retrainings,
  configuration,
}: Pick<RunReport, 'retrainings' | 'configuration'>): TopLevelSpec | undefined => {
  const names = shortNames(configuration);
  const values = retrainings.flatMap(({ jobId, by, curve }) =>
    curve.flatMap(({ epoch, validationAccuracy }) =>
      validationAccuracy === undefined ? [] : [{ jobId, by: names[by], epoch, validationAccuracy }],
    ),
  );
  if (values.length === 0) return undefined;
  return {
    config: CHART_CONFIG,
    ...PLOT,
    data: { values },
    mark: { type: 'line', strokeWidth: 1.5, point: { size: 14, filled: true } },
    encoding: {
      x: BY_EPOCH,
      y: percentages('validationAccuracy', 'validation accuracy'),
      detail: { field: 'jobId', type: 'nominal' },
      color: byContender('by', configuration),
    },
  };
};
