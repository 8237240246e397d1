import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { RUN } from '../run-argument.ts';
import { EDITABLE } from '../../nas/experiment/edits.ts';

const append = (value: string, earlier: readonly string[] = []): string[] => [...earlier, value];

export const register = (program: Command): void => {
  program
    .command('edit')
    .description('change a run while it is under way; finished work is kept')
    .argument('<run>', RUN)
    .requiredOption('--set <field=value>', `one of ${Object.keys(EDITABLE).join(', ')}; repeatable`, append)
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas edit my-run --set resources.parallelism=8 --set budget.dollars=40'))
    .action(async (runId: string, options: { readonly set: readonly string[]; readonly json?: boolean }) => {
      const { changeRun, parseEdits, readRunRecord } = await import('../runs/control-run.ts');
      await changeRun(runId, options, async (session) => {
        const record = await readRunRecord(session, runId);
        return { kind: 'edit', edits: parseEdits(record, {}, options.set) };
      });
    });
};
