import type { ContenderView } from '../../nas/protocol/run-view.ts';
import { percent, table } from './format.ts';
import type { LiveView } from './live-view.ts';

const contender = (name: string, { test, validationAccuracy, genotype }: ContenderView): string[] => [
  name,
  `test ${percent(test.mean)} ± ${percent(test.sd)} (n = ${test.n}, best ${percent(test.best)})`,
  validationAccuracy === undefined ? '' : `validation ${percent(validationAccuracy)}`,
  genotype,
];

/** A difference of fractions, in percentage points. */
const points = (difference: number): string => `${difference < 0 ? '' : '+'}${(100 * difference).toFixed(2)}`;

const accuracy = (value: number | undefined): string => (value === undefined ? '' : percent(value));

/** A run for people: result first, then every job. */
export const printRun = (view: LiveView): string => {
  const results = [
    ...(view.winner === undefined ? [] : [contender('winner', view.winner)]),
    ...(view.baseline === undefined ? [] : [contender('baseline', view.baseline)]),
  ];
  const jobs = view.stages.flatMap((stage) =>
    stage.jobs.map((job) => [
      job.jobId,
      job.outcome === undefined || job.outcome === 'succeeded' || job.outcome === job.status
        ? job.status
        : `${job.status} (${job.outcome})`,
      accuracy(job.validationAccuracy),
      accuracy(job.testAccuracy),
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
          `${view.verdict.text}: difference ${points(view.verdict.meanDifference)}, 95 % interval ` +
            `${view.verdict.interval.map(points).join(' to ')} percentage points`,
        ]),
    ...(results.length === 0 ? [] : [table(results)]),
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
