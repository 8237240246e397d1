import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { RUN } from '../run-argument.ts';

export const register = (program: Command): void => {
  program
    .command('resume')
    .description('let a paused run go on')
    .argument('<run>', RUN)
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas resume my-run'))
    .action(async (runId: string, options: { readonly json?: boolean }) => {
      const { changeRun } = await import('../runs/control-run.ts');
      await changeRun(runId, options, { kind: 'resume' });
    });
};
