import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { RUN } from '../run-argument.ts';

export const register = (program: Command): void => {
  program
    .command('jobs')
    .description('list the Batch jobs of a run with their attempts')
    .argument('<run>', RUN)
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas jobs my-run'))
    .action(async (runId: string, options: { readonly json?: boolean }) => {
      const [{ isRun, withSession, unknownRun }, { runBatchJobs }, { duration, table }] = await Promise.all([
        import('../runs/connect.ts'),
        import('../runs/run-batch-jobs.ts'),
        import('../runs/format.ts'),
      ]);
      await withSession(async ({ client, config }) => {
        const jobs = await runBatchJobs(config, runId);
        if (jobs.length === 0 && !(await isRun(client, runId))) throw await unknownRun(client, runId);
        if (options.json === true) {
          process.stdout.write(`${JSON.stringify({ runId, jobs })}\n`);
          return;
        }
        const rows = jobs.flatMap((job) => [
          [job.jobId, job.status, job.batchJobId, job.statusReason ?? ''],
          ...job.attempts.map((attempt, i) => [
            `  attempt ${i + 1}`,
            attempt.exitCode === undefined ? '' : `exit ${attempt.exitCode}`,
            attempt.seconds === undefined ? '' : duration(attempt.seconds),
            attempt.reason ?? '',
          ]),
        ]);
        process.stdout.write(`${table([['job', 'status', 'Batch job', 'reason'], ...rows])}\n`);
      });
    });
};
