import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { RUN } from '../run-argument.ts';

interface Options {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export const register = (program: Command): void => {
  program
    .command('delete')
    .description('delete a run that has ended: its results, checkpoints, logs of trials, and its history')
    .argument('<run>', RUN)
    .option('--dry-run', 'say what that would free, and delete nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas delete my-run --dry-run', 'nas delete my-run --yes'))
    .action(async (runId: string, options: Options) => {
      const [
        { withSession },
        { deleteRun, deletionSummary, planDeletion },
        { count, size },
        { confirmed },
        { inputError },
      ] = await Promise.all([
        import('../runs/connect.ts'),
        import('../runs/delete-run.ts'),
        import('../runs/format.ts'),
        import('../runs/confirm.ts'),
        import('../../nas/core/input-error.ts'),
      ]);
      await withSession(async (session) => {
        const deletion = await planDeletion(session, runId);
        const planned = deletionSummary(runId, deletion);
        const what = `${count(planned.objects, 'object')}, ${size(planned.bytes)}`;
        const by = [...new Set(deletion.kept.map((one) => one.by))].slice(0, 3).join(', ');
        const kept =
          planned.kept === 0
            ? ''
            : `; ${count(planned.kept, 'object')} and its name stay, because ${by} names them`;
        const dryRun = options.dryRun === true;
        if (!dryRun && options.yes !== true) {
          if (!process.stdin.isTTY)
            throw inputError(
              '--yes',
              false,
              'given where nobody can be asked',
              `nas delete ${runId} --dry-run says what goes; nas delete ${runId} --yes deletes it`,
            );
          if (!(await confirmed(`delete run ${runId}: ${what}${kept}?`))) {
            process.stderr.write('nothing was deleted\n');
            process.exitCode = 1;
            return;
          }
        }
        const done = dryRun ? planned : await deleteRun(session, runId, deletion, new Date());
        if (options.json === true) process.stdout.write(`${JSON.stringify({ ...done, dryRun })}\n`);
        else process.stdout.write(`${dryRun ? 'would delete' : 'deleted'} ${runId}: ${what}${kept}\n`);
      });
    });
};
