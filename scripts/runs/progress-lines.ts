import { termsOf } from '../../nas/task/terms.ts';
import type { Metric } from '../../nas/task/metric.ts';
import { count } from './format.ts';
import type { LiveJob } from './live-view.ts';
import type { ProgressDisplay } from './progress-display.ts';

const describe = (job: LiveJob, metric: Metric): string => {
  const scored =
    job.testAccuracy !== undefined
      ? `, test ${metric.format(job.testAccuracy)}`
      : job.validationAccuracy !== undefined
        ? `, validation ${metric.format(job.validationAccuracy)}`
        : '';
  const reclaims = job.reclaims === 0 ? '' : `, ${count(job.reclaims, 'reclaim')}`;
  const outcome = job.outcome !== undefined && job.outcome !== 'succeeded' ? ` (${job.outcome})` : '';
  const waits = job.waits === undefined ? '' : `, waits: ${job.waits}`;
  return `${job.jobId}: ${job.status}${outcome}${scored}${reclaims}${waits}`;
};

/** What a running search has found; a new line whenever that is better than before. */
const found = (job: LiveJob, metric: Metric): string | undefined => {
  const { bestAccuracy, bestScore } = job;
  if (job.status !== 'running' || (bestAccuracy ?? bestScore) === undefined) return undefined;
  return bestAccuracy === undefined
    ? `best score ${(bestScore ?? 0).toPrecision(4)}`
    : `best validation ${metric.format(bestAccuracy)}`;
};
const foundAt = ({ trials, totalSteps, trainingEpoch }: LiveJob): string =>
  trials !== undefined
    ? ` after ${trials}/${count(totalSteps ?? 0, 'trial')}`
    : trainingEpoch === undefined
      ? ''
      : ` at epoch ${trainingEpoch}`;

/**
 * For logs and pipes: one line whenever a stage or a job changes its state, or a search finds something
 * better.
 */
export const createLines = (print: (line: string) => void): ProgressDisplay => {
  const shown = new Map<string, string>();
  const say = (subject: string, line: string, detail = ''): void => {
    if (shown.get(subject) === line) return;
    shown.set(subject, line);
    print(`${line}${detail}`);
  };
  return {
    show: (view) => {
      const { metric } = termsOf(view.task);
      for (const stage of view.stages) {
        if (stage.status !== 'pending') say(stage.name, `${stage.name}: ${stage.status}`);
        for (const job of stage.jobs) {
          if (job.status !== 'pending') say(job.jobId, describe(job, metric));
          const best = stage.name === 'proxy-search' ? found(job, metric) : undefined;
          if (best !== undefined) say(`${job.jobId} found`, `${job.jobId}: ${best}`, foundAt(job));
        }
      }
      if (view.rehearsal !== undefined) say('rehearsal', view.rehearsal.text);
      if (view.gate !== undefined) say('gate', view.gate.text);
    },
    say: print,
    close: () => {},
  };
};
