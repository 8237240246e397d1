import type { Command } from 'commander';
import { examples } from '../examples.ts';
import type { ReconcileReport } from '../../activities/reconcile/reconcile.ts';

interface Options {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const text = (report: ReconcileReport, table: (rows: readonly string[][]) => string): string => {
  const { jobs, leases, uploads, orphaned, ended, dryRun, skipped } = report;
  const would = dryRun ? 'would end' : 'ended';
  const rows = [
    ...jobs.map((job) => ['job', `${job.runId}/${job.jobId}`, job.state, `${job.batchJobId}: ${job.proof}`]),
    ...leases
      .filter(({ state }) => state !== 'done')
      .map((lease) => [
        'lease',
        `${lease.runId}/${lease.jobId}`,
        lease.state,
        `epoch ${lease.epoch}: ${lease.proof}`,
      ]),
    ...uploads.map((upload) => ['upload', upload.key, upload.state, upload.proof]),
  ];
  return [
    ...skipped.map(({ queue, reason }) => `queue ${queue} was skipped: ${reason}`),
    ...(rows.length === 0 ? [] : [table([['what', 'of', 'state', 'proof'], ...rows])]),
    `${jobs.length} unfinished jobs, ${leases.length} leases (${leases.filter((l) => l.state === 'done').length} spent), ` +
      `${uploads.length} uploads in parts; ${would} ${ended.jobs} jobs, ${ended.leases} leases, ${ended.uploads} uploads`,
    ...(jobs.some(({ state }) => state === 'foreign')
      ? [`foreign jobs are left alone: this is deployment ${report.deployment}`]
      : []),
    `orphans have cost ${orphaned.seconds.toFixed(0)} machine seconds, $${orphaned.dollars.toFixed(2)}`,
    '',
  ].join('\n');
};

export const register = (program: Command): void => {
  program
    .command('reconcile')
    .description(
      'prove that every job, lease and upload of this deployment belongs to a run under way; end the rest',
    )
    .option('--dry-run', 'report only, change nothing')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas reconcile --dry-run', 'nas reconcile --json'))
    .action(async (options: Options) => {
      const [
        { withSession },
        { reconcile },
        { createLiveRuns },
        { listUnfinishedJobs },
        { createAwsBatchJobs },
        { findDeployment },
      ] = await Promise.all([
        import('../runs/connect.ts'),
        import('../../activities/reconcile/reconcile.ts'),
        import('../../activities/reconcile/live-runs.ts'),
        import('../../activities/reconcile/unfinished-jobs.ts'),
        import('../../activities/batch/aws-batch-jobs.ts'),
        import('../../activities/batch/find-deployment.ts'),
      ]);
      const [{ BatchClient }, { table }] = await Promise.all([
        import('@aws-sdk/client-batch'),
        import('../runs/format.ts'),
      ]);
      await withSession(async ({ client, store, config }) => {
        const batch = new BatchClient({});
        try {
          const live = createLiveRuns(client);
          const now = Date.now();
          const report = await reconcile(
            {
              store,
              live,
              deployment: await findDeployment(client, config.bucket),
              unfinished: async () =>
                listUnfinishedJobs(batch, store, [...new Set([config.queue, ...(await live.queues())])], now),
              terminate: createAwsBatchJobs(batch).terminate,
            },
            { now, dryRun: options.dryRun === true },
          );
          process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : text(report, table));
        } finally {
          batch.destroy();
        }
      });
    });
};
