import type { TopLevelSpec } from 'vega-lite';
import { shortNames } from '../names.ts';
import type { RunReport } from '../run-report.ts';
import { BY_EPOCH, byContender, percentages } from './channels.ts';
import { CHART_CONFIG, PLOT } from './theme.ts';

/** Training accuracy by epoch of every stage-3 training; the test split has no curve because it is read once. */
export const evaluationCurves = ({
  evaluations,
  configuration,
}: Pick<RunReport, 'evaluations' | 'configuration'>): TopLevelSpec | undefined => {
  const names = shortNames(configuration);
  const values = evaluations.flatMap(({ jobId, contender, curve }) =>
    curve.flatMap(({ epoch, trainAccuracy }) =>
      trainAccuracy === undefined ? [] : [{ jobId, contender: names[contender], epoch, trainAccuracy }],
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
      y: percentages('trainAccuracy', 'training accuracy'),
      detail: { field: 'jobId', type: 'nominal' },
      color: byContender('contender', configuration),
    },
  };
};
