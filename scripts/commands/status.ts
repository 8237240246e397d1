import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { RUN } from '../run-argument.ts';

export const register = (program: Command): void => {
  program
    .command('status')
    .description('show how a run stands')
    .argument('<run>', RUN)
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas status my-run', 'nas status my-run --json | jq .verdict'))
    .action(async (runId: string, options: { readonly json?: boolean }) => {
      const [{ withSession }, { liveView }, { printRun }, failing] = await Promise.all([
        import('../runs/connect.ts'),
        import('../runs/live-view.ts'),
        import('../runs/print-run.ts'),
        import('../runs/failing-workflows.ts'),
      ]);
      await withSession(async (session) => {
        const view = await liveView(session, runId);
        // The run's own workflow has answered; one of a stage or a job may stand still all the same.
        const still =
          view.status === 'running' || view.status === 'paused'
            ? await failing.failingWorkflows(session.client, runId)
            : [];
        if (options.json === true) {
          process.stdout.write(
            `${JSON.stringify(still.length === 0 ? view : { ...view, failing: still })}\n`,
          );
          return;
        }
        process.stdout.write(`${printRun(view)}\n`);
        if (still.length === 0) return;
        for (const workflow of still) process.stderr.write(`${failing.describeFailing(workflow)}\n`);
        process.stderr.write(`Fix: ${failing.fixOfFailing(still, session.config)}\n`);
      });
    });
};
