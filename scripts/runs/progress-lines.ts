import { count, percent } from './format.ts';
import type { LiveJob } from './live-view.ts';
import type { ProgressDisplay } from './watch-run.ts';

const describe = (job: LiveJob): string => {
  const accuracy =
    job.testAccuracy !== undefined
      ? `, test ${percent(job.testAccuracy)}`
      : job.validationAccuracy !== undefined
        ? `, validation ${percent(job.validationAccuracy)}`
        : '';
  const reclaims = job.reclaims === 0 ? '' : `, ${count(job.reclaims, 'reclaim')}`;
  const outcome = job.outcome !== undefined && job.outcome !== 'succeeded' ? ` (${job.outcome})` : '';
  const waits = job.waits === undefined ? '' : `, waits: ${job.waits}`;
  return `${job.jobId}: ${job.status}${outcome}${accuracy}${reclaims}${waits}`;
};

/** For logs and pipes: one line whenever a stage or a job changes its state. */
export const createLines = (print: (line: string) => void): ProgressDisplay => {
  const shown = new Map<string, string>();
  const say = (subject: string, line: string): void => {
    if (shown.get(subject) === line) return;
    shown.set(subject, line);
    print(line);
  };
  return {
    show: (view) => {
      for (const stage of view.stages) {
        if (stage.status !== 'pending') say(stage.name, `${stage.name}: ${stage.status}`);
        for (const job of stage.jobs) if (job.status !== 'pending') say(job.jobId, describe(job));
      }
      if (view.rehearsal !== undefined) say('rehearsal', view.rehearsal.text);
      if (view.gate !== undefined) say('gate', view.gate.text);
    },
    say: print,
    close: () => {},
  };
};
