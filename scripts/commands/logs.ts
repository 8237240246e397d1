import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { wholeNumber } from '../number-option.ts';
import { RUN } from '../run-argument.ts';
import type { JobLog } from '../runs/job-log.ts';

interface Options {
  readonly follow?: boolean;
  readonly attempt?: number;
  readonly json?: boolean;
}

/** Between two looks at a log that is followed. */
const FOLLOW_MILLISECONDS = { embedded: 500, aws: 2_000 };
/** The last lines of a job may reach CloudWatch some seconds after it has ended. */
const QUIET_LOOKS = { embedded: 1, aws: 3 };

export const register = (program: Command): void => {
  program
    .command('logs')
    .description("print a job's log")
    .argument('<run>', RUN)
    .argument('<job>', 'path of the job, e.g. stage-1/seed-0')
    .option('-f, --follow', 'go on printing until the job has ended')
    .option('--attempt <n>', 'attempt from 1 (the newest)', wholeNumber(1))
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples('nas logs my-run stage-1/seed-0 --follow', 'nas logs my-run stage-1/seed-0 --attempt 1'),
    )
    .action(async (runId: string, jobId: string, options: Options) => {
      const [
        { useConfig },
        { attemptLogs, newestBatchJob, runBatchJobs },
        { openLogs },
        { setTimeout: sleep },
        { knownRun },
      ] = await Promise.all([
        import('../config.ts'),
        import('../runs/run-batch-jobs.ts'),
        import('../runs/job-log.ts'),
        import('node:timers/promises'),
        import('../runs/connect.ts'),
      ]);
      const config = useConfig();
      const where = config.embedded === undefined ? 'aws' : 'embedded';
      const logs = openLogs(config);
      const gathered: Uint8Array[] = [];
      const print = (bytes: Uint8Array): void => {
        if (options.json === true) gathered.push(bytes);
        else process.stdout.write(bytes);
      };
      try {
        let shown: { readonly stream: string; readonly log: JobLog } | undefined;
        let empty = true;
        for (let quiet = 0; ;) {
          const jobs = await runBatchJobs(config, runId);
          if (jobs.length === 0) await knownRun(runId);
          const job = newestBatchJob(jobs, runId, jobId);
          const ended = job.status === 'SUCCEEDED' || job.status === 'FAILED';
          const attempts = attemptLogs(job, options.attempt);
          const newest = attempts.at(-1);
          let bytes = (await shown?.log.next()) ?? new Uint8Array();
          print(bytes);
          if (newest !== undefined && shown?.stream !== newest.logStream) {
            shown = { stream: newest.logStream, log: logs.open(job, newest) };
            bytes = await shown.log.next();
            print(bytes);
          }
          empty &&= bytes.byteLength === 0;
          quiet = bytes.byteLength === 0 ? quiet + 1 : 0;
          if (options.follow !== true || (ended && quiet >= QUIET_LOOKS[where])) {
            if (empty)
              process.stderr.write(`nothing was logged: ${shown?.log.place ?? 'no attempt has begun'}\n`);
            if (options.json === true) {
              const { batchJobId, status } = job;
              const text = Buffer.concat(gathered).toString();
              process.stdout.write(
                `${JSON.stringify({ runId, jobId, batchJobId, status, stream: shown?.stream, text })}\n`,
              );
            }
            return;
          }
          await sleep(FOLLOW_MILLISECONDS[where]);
        }
      } finally {
        logs.close();
      }
    });
};
