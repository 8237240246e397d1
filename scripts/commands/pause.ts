import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { RUN } from '../run-argument.ts';

export const register = (program: Command): void => {
  program
    .command('pause')
    .description('launch no further job of a run; jobs in flight go on')
    .argument('<run>', RUN)
    .option('--now', 'end jobs in flight too; they write a checkpoint and go on from it after nas resume')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas pause my-run', 'nas pause my-run --now'))
    .action(async (runId: string, options: { readonly now?: boolean; readonly json?: boolean }) => {
      const { changeRun } = await import('../runs/control-run.ts');
      await changeRun(runId, options, { kind: 'pause', stop: options.now === true });
    });
};
