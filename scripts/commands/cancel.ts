import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { RUN } from '../run-argument.ts';

export const register = (program: Command): void => {
  program
    .command('cancel')
    .description('end a run; its jobs are terminated, what has finished is kept')
    .argument('<run>', RUN)
    .option('--job <job>', 'end this job only, e.g. stage-2/cell-12ab34cd; the run goes on without it')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples('nas cancel my-run', 'nas cancel my-run --job stage-2/cell-12ab34cd   # this job alone'),
    )
    .action(async (runId: string, options: { readonly job?: string; readonly json?: boolean }) => {
      if (options.job !== undefined) {
        const { changeRun } = await import('../runs/control-run.ts');
        await changeRun(runId, options, { kind: 'cancel-job', jobId: options.job });
        return;
      }
      const [{ unknownRun, withSession }, { WorkflowNotFoundError }, { watchRun }] = await Promise.all([
        import('../runs/connect.ts'),
        import('@temporalio/client'),
        import('../runs/watch-run.ts'),
      ]);
      await withSession(async (session) => {
        const handle = session.client.workflow.getHandle(runId);
        try {
          const { status } = await handle.describe();
          if (status.name === 'RUNNING') await handle.cancel();
        } catch (error) {
          throw error instanceof WorkflowNotFoundError ? await unknownRun(session.client, runId) : error;
        }
        // Returns when every job has been terminated, so that nothing of the run costs anything afterwards.
        const { status } = await watchRun(session, runId, {
          farewell: `left; run ${runId} goes on being cancelled. nas status ${runId} says when it has ended`,
        });
        if (options.json === true) process.stdout.write(`${JSON.stringify({ runId, status })}\n`);
        else process.stderr.write(`${runId}: ${status}\n`);
      });
    });
};
