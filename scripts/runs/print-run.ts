import type { ContenderView, SeedStatistics } from '../../nas/protocol/run-view.ts';
import { seedStatistics } from '../../nas/protocol/statistics.ts';
import { budgetText } from '../../nas/report/budget-text.ts';
import { printedOrder, withUnit } from '../../nas/task/metric.ts';
import type { Metric } from '../../nas/task/metric.ts';
import { termsOf } from '../../nas/task/terms.ts';
import { table } from './format.ts';
import type { LiveView } from './live-view.ts';

const scores = (metric: Metric, test: SeedStatistics, what = ''): string =>
  `test ${metric.format(test.mean)} ± ${withUnit(metric.formatSpread(test.sd, test.mean), metric.unit)} (n = ${test.n}${what}, best ${metric.format(test.best)})`;

const contender = (
  metric: Metric,
  name: string,
  { test, validationAccuracy, genotype }: ContenderView,
): string[] => [
  name,
  scores(metric, test),
  validationAccuracy === undefined ? '' : `validation ${metric.format(validationAccuracy)}`,
  genotype,
];

/** Both sides over searches, where a verdict is about these. */
const sides = (metric: Metric, view: LiveView): string[][] =>
  view.verdict?.claim !== 'search'
    ? []
    : (['winner', 'baseline'] as const).map((who) => [
        who === 'winner' ? 'searches' : 'random searches',
        scores(metric, seedStatistics((view.pairs ?? []).map((pair) => pair[who].test.mean)), ' searches'),
        '',
        '',
      ]);

/** A run for people: result first, then every job. */
export const printRun = (view: LiveView): string => {
  const { metric } = termsOf(view.task);
  const scored = (score: number | undefined): string => (score === undefined ? '' : metric.format(score));
  const budget = view.budget && budgetText(view.budget);
  const results = [
    ...sides(metric, view),
    ...(view.winner === undefined ? [] : [contender(metric, 'winner', view.winner)]),
    ...(view.baseline === undefined ? [] : [contender(metric, 'baseline', view.baseline)]),
  ];
  const jobs = view.stages.flatMap((stage) =>
    stage.jobs.map((job) => [
      job.jobId,
      job.outcome === undefined || job.outcome === 'succeeded' || job.outcome === job.status
        ? job.status
        : `${job.status} (${job.outcome})`,
      scored(job.validationAccuracy),
      scored(job.testAccuracy),
      String(job.attempts),
      String(job.reclaims),
      job.totalSteps === undefined ? '' : `${job.step}/${job.totalSteps}`,
    ]),
  );
  const waits = view.stages.flatMap((stage) =>
    stage.jobs.flatMap(({ jobId, waits: reason, waitsSince }) =>
      reason === undefined
        ? []
        : [
            `${jobId} waits${waitsSince === undefined ? '' : ` since ${waitsSince.slice(0, 19).replace('T', ' ')}`}: ${reason}`,
          ],
    ),
  );
  const errors = view.stages.flatMap((stage) =>
    stage.jobs.flatMap((job) => (job.error === undefined ? [] : [`${job.jobId}: ${job.error}`])),
  );
  return [
    `${view.runId}: ${view.status}${view.error === undefined ? '' : ` — ${view.error.replace(/^CancelledFailure\b/, 'on request')}`}`,
    ...(view.verdict === undefined
      ? []
      : [
          `${view.verdict.text}: difference ${metric.formatDifference(view.verdict.meanDifference)}, 95 % interval ` +
            withUnit(
              printedOrder(metric, view.verdict.interval).map(metric.formatDifference).join(' to '),
              metric.differenceUnit.long,
            ),
        ]),
    ...(results.length === 0 ? [] : [table(results)]),
    ...(budget === undefined ? [] : [budget]),
    ...(view.rehearsal === undefined ? [] : [view.rehearsal.text]),
    ...(view.gate === undefined ? [] : [view.gate.text]),
    ...(view.audit === undefined
      ? []
      : ['', table(view.audit.map(({ at, by, action, text }) => [at, by, action, text]))]),
    ...(jobs.length === 0
      ? []
      : ['', table([['job', 'status', 'validation', 'test', 'attempts', 'reclaims', 'step'], ...jobs])]),
    ...(waits.length === 0 ? [] : ['', ...waits]),
    ...(errors.length === 0 ? [] : ['', ...errors]),
  ].join('\n');
};
