import type { TopLevelSpec } from 'vega-lite';
import { metricOf } from '../../task/terms.ts';
import { shortNames } from '../names.ts';
import type { RunReport } from '../run-report.ts';
import { axisFormat, valuesScale } from './channels.ts';
import { CHART_CONFIG, COLOURS, PLOT } from './theme.ts';

/**
 * Stage 3: every seed's test score, the same seed joined by a line, with mean and standard deviation beside
 * it.
 */
export const testScores = ({
  evaluations,
  winner,
  baseline,
  configuration,
}: Pick<RunReport, 'evaluations' | 'winner' | 'baseline' | 'configuration'>): TopLevelSpec | undefined => {
  if (evaluations.length === 0) return undefined;
  const names = shortNames(configuration);
  const metric = metricOf(configuration);
  const values = evaluations.map(({ contender, seed, accuracy }) => ({
    contender: names[contender],
    seed,
    accuracy: metric.value(accuracy),
  }));
  const summaries = [
    { contender: names.winner, test: winner?.test },
    { contender: names.baseline, test: baseline?.test },
  ].flatMap(({ contender, test }) =>
    test === undefined
      ? []
      : [
          {
            contender,
            mean: metric.value(test.mean),
            low: metric.value(test.mean - test.sd),
            high: metric.value(test.mean + test.sd),
          },
        ],
  );
  const x = {
    field: 'contender',
    type: 'nominal',
    title: null,
    sort: [names.winner, names.baseline],
    axis: { labelAngle: 0, labelFontSize: 12, labelColor: COLOURS.ink },
  } as const;
  const y = {
    type: 'quantitative',
    title: `test ${metric.name}`,
    scale: { ...valuesScale(metric), padding: 12 },
    axis: { format: axisFormat(metric) },
  } as const;
  const color = {
    field: 'contender',
    type: 'nominal',
    legend: null,
    scale: { domain: [names.winner, names.baseline], range: [COLOURS.winner, COLOURS.baseline] },
  } as const;
  const beside = { winner: -26, baseline: 26 } as const;
  return {
    config: CHART_CONFIG,
    ...PLOT,
    layer: [
      {
        data: { values },
        mark: { type: 'line', strokeWidth: 1, opacity: 0.55, color: COLOURS.muted },
        encoding: { x, y: { ...y, field: 'accuracy' }, detail: { field: 'seed', type: 'nominal' } },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 60, opacity: 1 },
        encoding: { x, y: { ...y, field: 'accuracy' }, color },
      },
      ...(['winner', 'baseline'] as const).flatMap((who) => {
        const data = { values: summaries.filter(({ contender }) => contender === names[who]) };
        return [
          {
            data,
            mark: { type: 'rule' as const, strokeWidth: 2, xOffset: beside[who] },
            encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
          },
          {
            data,
            mark: { type: 'tick' as const, thickness: 3, width: 22, xOffset: beside[who] },
            encoding: { x, y: { ...y, field: 'mean' }, color },
          },
        ];
      }),
    ],
  };
};
