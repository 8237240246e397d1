import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { RUN } from '../run-argument.ts';

const append = (value: string, earlier: readonly string[]): string[] => [...earlier, value];

interface Options {
  readonly data: string;
  readonly set: readonly string[];
  readonly name?: string;
  readonly json?: boolean;
}

export const register = (program: Command): void => {
  program
    .command('transfer')
    .description("evaluate a run's winner and its random baseline on another data set, as a run of its own")
    .argument('<run>', RUN)
    .requiredOption('--data <data set>', 'see nas data list')
    .option(
      '--set <field=value>',
      'override a field, e.g. stages.evaluate.recipe.epochs=250; repeatable',
      append,
      [],
    )
    .option('--name <name>', 'name of the new run')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples('nas transfer my-run --data cifar100 --set stages.evaluate.recipe.epochs=250'),
    )
    .action(async (sourceId: string, { data, set, name, json }: Options) => {
      const [{ withSession }, { transferRun }, { settleOrigin }] = await Promise.all([
        import('../runs/connect.ts'),
        import('../runs/transfer-run.ts'),
        import('../runs/settle-origin.ts'),
      ]);
      await withSession(async (session) => {
        const runId = await transferRun(session, sourceId, {
          data,
          overrides: set,
          origin: await settleOrigin(session.client, session.config),
          ...(name === undefined ? {} : { name }),
        });
        process.stderr.write(`run ${runId} started; nas watch ${runId} follows it\n`);
        process.stdout.write(`${json === true ? JSON.stringify({ runId, source: sourceId }) : runId}\n`);
      });
    });
};
