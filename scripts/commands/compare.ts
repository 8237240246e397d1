import type { Command } from 'commander';
import type { CostView } from '../../nas/protocol/run-view.ts';
import { examples } from '../examples.ts';
import { RUN } from '../run-argument.ts';

export const register = (program: Command): void => {
  program
    .command('compare')
    .description(
      'set two runs on the same data set side by side: experiments, winners, test accuracies, cost',
    )
    .argument('<run>', RUN)
    .argument('<other run>', 'name of another; nas list shows them')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples('nas compare my-run other-run', 'nas compare my-run other-run --json | jq .test'),
    )
    .action(async (first: string, second: string, options: { readonly json?: boolean }) => {
      const [{ withSession }, { readRunRecord }, { liveView }, { compareRuns }, { printComparison }] =
        await Promise.all([
          import('../runs/connect.ts'),
          import('../runs/control-run.ts'),
          import('../runs/live-view.ts'),
          import('../../nas/protocol/compare-runs.ts'),
          import('../runs/print-comparison.ts'),
        ]);
      await withSession(async (session) => {
        const runOf = async (runId: string) => ({
          record: await readRunRecord(session, runId),
          view: await liveView(session, runId),
          cost: await session.client.workflow.getHandle(runId).query<CostView>('cost'),
        });
        const comparison = compareRuns(await runOf(first), await runOf(second));
        process.stdout.write(
          `${options.json === true ? JSON.stringify(comparison) : printComparison(comparison)}\n`,
        );
      });
    });
};
