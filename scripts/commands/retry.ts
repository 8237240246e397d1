import type { Command } from 'commander';
import { examples } from '../examples.ts';

export const register = (program: Command): void => {
  program
    .command('retry')
    .description('go on with a run that failed or was cancelled; what has finished is kept')
    .argument('<run>')
    .option('--job <job>', 'put one failed job of a run under way back, e.g. stage-1/seed-0')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas retry my-run', 'nas retry my-run --job stage-1/seed-0'))
    .action(async (runId: string, options: { readonly job?: string; readonly json?: boolean }) => {
      if (options.job !== undefined) {
        const { changeRun } = await import('../runs/control-run.ts');
        await changeRun(runId, options, { kind: 'retry-job', jobId: options.job });
        return;
      }
      const [{ withSession }, { retryRun }] = await Promise.all([
        import('../runs/connect.ts'),
        import('../runs/restart-run.ts'),
      ]);
      await withSession(async (session) => {
        const retry = await retryRun(session, runId);
        if (options.json === true) process.stdout.write(`${JSON.stringify({ runId, retry })}\n`);
        else process.stderr.write(`${runId}: retry ${retry} started; nas watch ${runId} follows it\n`);
      });
    });
};
