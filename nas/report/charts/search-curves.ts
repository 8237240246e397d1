import type { TopLevelSpec } from 'vega-lite';
import { termsOf } from '../../task/terms.ts';
import type { CurvePoint } from '../../job/program-result.ts';
import type { RunReport } from '../run-report.ts';
import { axisFormat, valuesScale } from './channels.ts';
import { linesByEpoch } from './lines-by-epoch.ts';

/** One line a search seed: training loss or score of the shared weights by epoch. */
export const searchCurves = (
  { searches, configuration }: Pick<RunReport, 'searches' | 'configuration'>,
  field: keyof CurvePoint & ('trainLoss' | 'trainAccuracy'),
): TopLevelSpec | undefined => {
  const { metric, lossUnit } = termsOf(configuration.task.kind);
  const isScore = field === 'trainAccuracy';
  const values = searches.flatMap(({ seed, curve }) =>
    curve.flatMap(({ epoch, [field]: value }) =>
      value === undefined
        ? []
        : [{ line: `seed ${seed}`, epoch, value: isScore ? metric.value(value) : value }],
    ),
  );
  return linesByEpoch(values, {
    ...(isScore
      ? {
          title: `training ${metric.name}`,
          scale: valuesScale(metric),
          axis: { format: axisFormat(metric) },
        }
      : {
          title: ['training loss', lossUnit].filter((part) => part !== '').join(', '),
          scale: { zero: false },
        }),
  });
};
