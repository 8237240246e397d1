import type { Command } from 'commander';
import { examples } from '../examples.ts';

export const register = (program: Command): void => {
  program
    .command('status')
    .description('show how a run stands')
    .argument('<run>')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas status my-run', 'nas status my-run --json | jq .verdict'))
    .action(async (runId: string, options: { readonly json?: boolean }) => {
      const [{ withSession }, { liveView }, { printRun }] = await Promise.all([
        import('../runs/connect.ts'),
        import('../runs/live-view.ts'),
        import('../runs/print-run.ts'),
      ]);
      await withSession(async (session) => {
        const view = await liveView(session, runId);
        process.stdout.write(`${options.json === true ? JSON.stringify(view) : printRun(view)}\n`);
      });
    });
};
