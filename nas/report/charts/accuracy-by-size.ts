import type { TopLevelSpec } from 'vega-lite';
import { termsOf } from '../../task/terms.ts';
import { shortNames } from '../names.ts';
import type { RunReport } from '../run-report.ts';
import { byContender, valuesAxis } from './channels.ts';
import { scatter } from './scatter.ts';

/** Validation score against the work of one forward pass, one point a cell trained from scratch. */
export const scoreBySize = ({
  retrainings,
  configuration,
}: Pick<RunReport, 'retrainings' | 'configuration'>): TopLevelSpec | undefined => {
  if (retrainings.length === 0) return undefined;
  const names = shortNames(configuration);
  const { metric, example } = termsOf(configuration.task.kind);
  return scatter(
    retrainings.map(({ by, accuracy, multiplyAdds }) => ({
      by: names[by],
      accuracy: metric.value(accuracy),
      multiplyAdds,
    })),
    { field: 'multiplyAdds', title: `multiply-adds of one ${example}`, format: '.3~s' },
    { field: 'accuracy', title: `validation ${metric.name}`, ...valuesAxis(metric) },
    byContender('by', configuration),
  );
};
