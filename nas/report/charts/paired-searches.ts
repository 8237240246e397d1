import { mean } from 'simple-statistics';
import type { TopLevelSpec } from 'vega-lite';
import { metricOf } from '../../task/terms.ts';
import { shortNames } from '../names.ts';
import type { RunReport } from '../run-report.ts';
import { axisFormat, byContender } from './channels.ts';
import { CHART_CONFIG, PLOT } from './theme.ts';

/** Whether several searches were compared one by one. */
export const hasPairs = ({ pairs = [] }: Pick<RunReport, 'pairs'>): boolean => pairs.length > 1;

const SIDES = ['winner', 'baseline'] as const;

/**
 * Stage 3 of searches that are compared one by one: the trainings of each search's winner beside those of its
 * random search, each with its mean, and the means over all searches as lines.
 */
export const pairedSearches = ({
  pairs = [],
  configuration,
}: Pick<RunReport, 'pairs' | 'configuration'>): TopLevelSpec => {
  const names = shortNames(configuration);
  const metric = metricOf(configuration);
  const cells = pairs.flatMap((pair) =>
    SIDES.map((who) => ({ search: `${pair.search}`, contender: names[who], test: pair[who].test })),
  );
  const trainings = cells.flatMap(({ search, contender, test }) =>
    test.values.map((score) => ({ search, contender, score: metric.value(score) })),
  );
  const means = cells.map(({ search, contender, test }) => ({
    ...{ search, contender },
    score: metric.value(test.mean),
  }));
  const overall = SIDES.map((who) => ({
    contender: names[who],
    score: metric.value(mean(pairs.map((pair) => pair[who].test.mean))),
  }));
  const x = {
    field: 'search',
    type: 'nominal',
    title: 'search seed',
    sort: null,
    axis: { labelAngle: 0 },
  } as const;
  const xOffset = { field: 'contender', type: 'nominal', sort: [names.winner, names.baseline] } as const;
  const y = {
    field: 'score',
    type: 'quantitative',
    title: `test ${metric.name}`,
    scale: { zero: false, padding: 12 },
    axis: { format: axisFormat(metric) },
  } as const;
  const color = byContender('contender', configuration);
  return {
    config: CHART_CONFIG,
    ...PLOT,
    layer: [
      {
        data: { values: overall },
        mark: { type: 'rule', strokeDash: [4, 3], strokeWidth: 1.4 },
        encoding: { y, color },
      },
      {
        data: { values: trainings },
        mark: { type: 'point', filled: true, size: 26, opacity: 0.55 },
        encoding: { x, xOffset, y, color },
      },
      {
        data: { values: means },
        mark: { type: 'tick', thickness: 3, width: 14, opacity: 1 },
        encoding: { x, xOffset, y, color },
      },
    ],
  };
};
