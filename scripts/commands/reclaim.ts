import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { numberOption, wholeNumber } from '../number-option.ts';

const seconds = numberOption('numbers from 0', (value) => value >= 0 && Number.isFinite(value));
const scale = numberOption('numbers above 0', (value) => value > 0 && Number.isFinite(value));

interface Options {
  readonly notice: number;
  readonly trace?: string;
  readonly timeScale: number;
  readonly start: number;
  readonly json?: boolean;
}

export const register = (program: Command): void => {
  program
    .command('reclaim')
    .description('take the spot machine under a job away, as EC2 does (embedded stack only)')
    .argument('[run/job]', 'e.g. my-run/stage-1/seed-0; the oldest running job when absent')
    .option('--notice <seconds>', 'seconds between the notice and the end of the machine', seconds, 120)
    .option(
      '--trace <file>',
      'let the capacity follow a recorded trace: {"metadata":{"gap_seconds":g},"data":[n,…]}',
    )
    .option('--time-scale <number>', 'with --trace: trace seconds that pass in one second', scale, 1)
    .option('--start <point>', 'with --trace: first point played', wholeNumber(0), 0)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        'nas reclaim my-run/stage-1/seed-0 --notice 30',
        'nas reclaim --trace trace.json --time-scale 60',
      ),
    )
    .action(async (path: string | undefined, options: Options) => {
      const [
        { useConfig },
        { newestBatchJob, runBatchJobs },
        { embeddedOnly, localBatch },
        { inputError },
        { readTrace },
        { knownRun },
      ] = await Promise.all([
        import('../config.ts'),
        import('../runs/run-batch-jobs.ts'),
        import('../runs/local-batch.ts'),
        import('../../nas/core/input-error.ts'),
        import('../runs/spot-trace.ts'),
        import('../runs/connect.ts'),
      ]);
      if (options.trace !== undefined && path !== undefined)
        throw inputError('job', path, 'a job or --trace, not both', 'leave one of them out');
      const trace = options.trace === undefined ? undefined : readTrace(options.trace);
      const config = useConfig();
      const batch = localBatch(
        embeddedOnly(
          config,
          'nas reclaim',
          'AWS takes machines back by itself; its fault injection service can do it on demand',
        ),
      );
      if (trace !== undefined) {
        const { timeScale, notice: noticeSeconds, start } = options;
        const { points } = await batch.playTrace({ trace, timeScale, noticeSeconds, start });
        if (options.json === true)
          process.stdout.write(`${JSON.stringify({ trace: options.trace, points })}\n`);
        else process.stderr.write(`slots follow ${options.trace}, point ${start} of ${points} on\n`);
        return;
      }
      let batchJobId: string | undefined;
      if (path !== undefined) {
        const parts = /^([^/]+)\/(.+)$/.exec(path);
        if (parts === null)
          throw inputError(
            'job',
            path,
            'RUN/JOB',
            'for example my-run/stage-1/seed-0; nas jobs RUN lists the jobs',
          );
        const [, runId = '', jobId = ''] = parts;
        const jobs = await runBatchJobs(config, runId);
        if (jobs.length === 0) await knownRun(runId);
        batchJobId = newestBatchJob(jobs, runId, jobId).batchJobId;
      }
      const { instanceId } = await batch.reclaim({
        noticeSeconds: options.notice,
        ...(batchJobId === undefined ? {} : { batchJobId }),
      });
      if (options.json === true)
        process.stdout.write(
          `${JSON.stringify({ instanceId, ...(batchJobId === undefined ? {} : { batchJobId }) })}\n`,
        );
      else process.stderr.write(`instance ${instanceId} ends in ${options.notice} s; its job was told\n`);
    });
};
