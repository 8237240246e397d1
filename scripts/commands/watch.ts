import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { RUN } from '../run-argument.ts';

export const register = (program: Command): void => {
  program
    .command('watch')
    .description('follow a run to its end; may be left and taken up again at any time')
    .argument('<run>', RUN)
    .option('--json', 'print the final state as one JSON document')
    .addHelpText('after', examples('nas watch my-run'))
    .action(async (runId: string, options: { readonly json?: boolean }) => {
      const [{ withSession }, { watchRun }, { printRun }] = await Promise.all([
        import('../runs/connect.ts'),
        import('../runs/watch-run.ts'),
        import('../runs/print-run.ts'),
      ]);
      await withSession(async (session) => {
        const view = await watchRun(session, runId);
        process.stdout.write(`${options.json === true ? JSON.stringify(view) : printRun(view)}\n`);
        if (view.status !== 'done') process.exitCode = 1;
      });
    });
};
