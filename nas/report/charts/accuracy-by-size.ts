import type { TopLevelSpec } from 'vega-lite';
import { shortNames } from '../names.ts';
import type { RunReport } from '../run-report.ts';
import { byContender } from './channels.ts';
import { scatter } from './scatter.ts';

/** Validation accuracy against the work of one forward pass, one point a cell trained from scratch. */
export const accuracyBySize = ({
  retrainings,
  configuration,
}: Pick<RunReport, 'retrainings' | 'configuration'>): TopLevelSpec | undefined => {
  if (retrainings.length === 0) return undefined;
  const names = shortNames(configuration);
  return scatter(
    retrainings.map(({ by, accuracy, multiplyAdds }) => ({ by: names[by], accuracy, multiplyAdds })),
    { field: 'multiplyAdds', title: 'multiply-adds of one image', format: '.3~s' },
    { field: 'accuracy', title: 'validation accuracy', format: '.4~p' },
    byContender('by', configuration),
  );
};
