import type { Command } from 'commander';
import { examples } from '../examples.ts';

export const register = (program: Command): void => {
  program
    .command('list')
    .description('list the runs, newest first')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas list'))
    .action(async (options: { readonly json?: boolean }) => {
      const [{ listRuns, withSession }, { percent, table }] = await Promise.all([
        import('../runs/connect.ts'),
        import('../runs/format.ts'),
      ]);
      await withSession(async ({ client }) => {
        const runs = await listRuns(client);
        if (options.json === true) {
          process.stdout.write(`${JSON.stringify({ runs })}\n`);
          return;
        }
        if (runs.length === 0) {
          process.stderr.write('no runs yet; nas run experiments/quickstart.yaml starts one\n');
          return;
        }
        const rows = runs.map((run) => [
          run.runId,
          run.status,
          run.stage ?? '',
          run.bestAccuracy === undefined ? '' : percent(run.bestAccuracy),
          run.startedAt,
        ]);
        process.stdout.write(`${table([['run', 'status', 'stage', 'test', 'started'], ...rows])}\n`);
      });
    });
};
