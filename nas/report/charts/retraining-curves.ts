import type { TopLevelSpec } from 'vega-lite';
import { metricOf } from '../../task/terms.ts';
import { shortNames } from '../names.ts';
import type { RunReport } from '../run-report.ts';
import { BY_EPOCH, byContender, values as valuesAxis } from './channels.ts';
import { CHART_CONFIG, PLOT } from './theme.ts';

/** Validation score by epoch of every cell trained from scratch, the search's against the random ones. */
export const retrainingCurves = ({
  retrainings,
  configuration,
}: Pick<RunReport, 'retrainings' | 'configuration'>): TopLevelSpec | undefined => {
  const names = shortNames(configuration);
  const metric = metricOf(configuration);
  const values = retrainings.flatMap(({ jobId, by, curve }) =>
    curve.flatMap(({ epoch, validationAccuracy }) =>
      validationAccuracy === undefined
        ? []
        : [{ jobId, by: names[by], epoch, validationAccuracy: metric.value(validationAccuracy) }],
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
      y: valuesAxis(metric, 'validationAccuracy', `validation ${metric.name}`),
      detail: { field: 'jobId', type: 'nominal' },
      color: byContender('by', configuration),
    },
  };
};
