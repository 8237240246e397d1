import type { TopLevelSpec } from 'vega-lite';
import { metricOf } from '../../task/terms.ts';
import { shortNames } from '../names.ts';
import type { RunReport } from '../run-report.ts';
import { BY_EPOCH, byContender, values as valuesAxis } from './channels.ts';
import { CHART_CONFIG, PLOT } from './theme.ts';

/** Training score by epoch of every stage-3 training; the test split has no curve because it is read once. */
export const evaluationCurves = ({
  evaluations,
  configuration,
}: Pick<RunReport, 'evaluations' | 'configuration'>): TopLevelSpec | undefined => {
  const names = shortNames(configuration);
  const metric = metricOf(configuration);
  const values = evaluations.flatMap(({ jobId, contender, curve }) =>
    curve.flatMap(({ epoch, trainAccuracy }) =>
      trainAccuracy === undefined
        ? []
        : [{ jobId, contender: names[contender], epoch, trainAccuracy: metric.value(trainAccuracy) }],
    ),
  );
  if (values.length === 0) return undefined;
  return {
    config: CHART_CONFIG,
    ...PLOT,
    data: { values },
    mark: { type: 'line', strokeWidth: 1.4, opacity: 0.85, point: { size: 14, filled: true } },
    encoding: {
      x: BY_EPOCH,
      y: valuesAxis(metric, 'trainAccuracy', `training ${metric.name}`),
      detail: { field: 'jobId', type: 'nominal' },
      color: byContender('contender', configuration),
    },
  };
};
