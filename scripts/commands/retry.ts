import { Option } from 'commander';
import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { RUN } from '../run-argument.ts';

interface Options {
  readonly job?: string;
  readonly anew?: string;
  readonly json?: boolean;
}

export const register = (program: Command): void => {
  program
    .command('retry')
    .description('go on with a run that failed or was cancelled; what has finished is kept')
    .argument('<run>', RUN)
    .option('--job <job>', 'put one failed job of a run under way back, e.g. stage-1/seed-0')
    .addOption(
      new Option(
        '--anew <job>',
        'train this job, or trial, from its beginning by the code of today: its checkpoints are of other code, and are set aside',
      ).conflicts('job'),
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        'nas retry my-run',
        'nas retry my-run --job stage-1/seed-0',
        'nas retry my-run --anew stage-1/seed-0',
      ),
    )
    .action(async (runId: string, options: Options) => {
      const { anew } = options;
      if (anew !== undefined) {
        const [{ withSession }, { startAnew }] = await Promise.all([
          import('../runs/connect.ts'),
          import('../runs/start-anew.ts'),
        ]);
        await withSession(async (session) => {
          const { jobDefinition, checkpoints } = await startAnew(session, runId, anew);
          if (options.json === true)
            process.stdout.write(`${JSON.stringify({ runId, jobId: anew, jobDefinition, checkpoints })}\n`);
          else
            process.stderr.write(
              `${runId}: ${anew} begins anew with ${jobDefinition}; ${checkpoints} checkpoints are set aside\n`,
            );
        });
        return;
      }
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
