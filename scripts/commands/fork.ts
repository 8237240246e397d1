import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { examples } from '../examples.ts';
import { RUN } from '../run-argument.ts';

const append = (value: string, earlier: readonly string[]): string[] => [...earlier, value];
const stage = (text: string): 2 | 3 => {
  if (text === '2') return 2;
  if (text === '3') return 3;
  throw new InvalidArgumentError('allowed: 2 or 3.');
};

interface Options {
  readonly fromStage: 2 | 3;
  readonly set: readonly string[];
  readonly name?: string;
  readonly json?: boolean;
}

export const register = (program: Command): void => {
  program
    .command('fork')
    .description('start a run from the finished stages of another one')
    .argument('<run>', RUN)
    .requiredOption('--from-stage <n>', 'first stage that is run again: 2 or 3', stage)
    .option(
      '--set <field=value>',
      'override a field that the shared stages do not read; repeatable',
      append,
      [],
    )
    .option('--name <name>', 'name of the new run')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        "nas fork my-run --from-stage 3 --set stages.evaluate.seeds='[0, 1, 2]' --name my-run-3-seeds",
      ),
    )
    .action(async (sourceId: string, options: Options) => {
      const [{ withSession }, { forkRun }, { settleOrigin }, { describeStaleCode }] = await Promise.all([
        import('../runs/connect.ts'),
        import('../runs/restart-run.ts'),
        import('../runs/settle-origin.ts'),
        import('../runs/stale-code.ts'),
      ]);
      await withSession(async (session) => {
        const stale = describeStaleCode(session.config);
        if (stale !== undefined) process.stderr.write(`warning: ${stale}\n`);
        const runId = await forkRun(session, sourceId, {
          fromStage: options.fromStage,
          overrides: options.set,
          origin: await settleOrigin(session.client, session.config),
          ...(options.name === undefined ? {} : { name: options.name }),
        });
        if (options.json === true) process.stdout.write(`${JSON.stringify({ runId, source: sourceId })}\n`);
        else process.stdout.write(`${runId}\n`);
      });
    });
};
