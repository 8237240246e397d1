import { Option } from 'commander';
import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { wholeNumber } from '../number-option.ts';
import type { RunFilter } from '../runs/run-filter.ts';
import { timeOption } from '../time-option.ts';

type Options = Omit<RunFilter, 'pattern'> & { readonly json?: boolean };

export const register = (program: Command): void => {
  program
    .command('list')
    .description('list the runs, newest first')
    .argument('[pattern]', "name, e.g. 'darts-*'; all runs by default")
    .addOption(
      new Option('--state <state>', 'how they stand').choices(['running', 'done', 'failed', 'cancelled']),
    )
    .option('--space <space>', 'search space')
    .option('--strategy <strategy>', 'search strategy')
    .option('--data <data set>', 'data set')
    .option('--since <time>', 'started since then: 2026-11-01, or 12h, 3d, 2w ago', timeOption())
    .option('--limit <n>', 'so many of them, the newest', wholeNumber(1))
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        'nas list',
        "nas list 'darts-*' --state running",
        'nas list --data cifar10 --since 2w --limit 10 --json',
      ),
    )
    .action(async (pattern: string | undefined, { json, ...options }: Options) => {
      const [
        { withTemporal },
        { listRuns },
        { table },
        { checkKnown, chosenRuns, visibilityQuery },
        { termsOf },
      ] = await Promise.all([
        import('../runs/with-temporal.ts'),
        import('../runs/list-runs.ts'),
        import('../runs/format.ts'),
        import('../runs/run-filter.ts'),
        import('../../nas/task/terms.ts'),
      ]);
      const failing = await import('../runs/failing-workflows.ts');
      const filter: RunFilter = { ...options, ...(pattern === undefined ? {} : { pattern }) };
      if (filter.space !== undefined || filter.strategy !== undefined) {
        const [{ SPACE_NAMES }, { STRATEGY_NAMES }] = await Promise.all([
          import('../../nas/space/registry.ts'),
          import('../../nas/experiment/names.ts'),
        ]);
        checkKnown('--space', filter.space, SPACE_NAMES);
        checkKnown('--strategy', filter.strategy, STRATEGY_NAMES);
      }
      await withTemporal(async ({ client, config }) => {
        const [listed, still] = await Promise.all([
          listRuns(client, visibilityQuery(filter)),
          failing.failingWorkflows(client),
        ]);
        const runs = chosenRuns(listed, filter).map((run) => {
          const own = still.filter(({ runId }) => runId === run.runId);
          return own.length === 0 ? run : { ...run, failing: own };
        });
        if (json === true) {
          process.stdout.write(`${JSON.stringify({ runs })}\n`);
          return;
        }
        if (runs.length === 0) {
          const isFiltered = Object.keys(filter).length > 0;
          process.stderr.write(
            isFiltered
              ? 'no run is like that; nas list shows all\n'
              : 'no runs yet; nas run experiments/quickstart.yaml starts one\n',
          );
          return;
        }
        const rows = runs.map((run) => [
          run.runId,
          'failing' in run ? 'stands still' : run.status,
          run.stage ?? '',
          run.bestAccuracy === undefined ? '' : termsOf(run.task).metric.format(run.bestAccuracy),
          run.startedAt,
        ]);
        process.stdout.write(`${table([['run', 'status', 'stage', 'test', 'started'], ...rows])}\n`);
        for (const workflow of still) process.stderr.write(`${failing.describeFailing(workflow)}\n`);
        if (still.length > 0) process.stderr.write(`Fix: ${failing.fixOfFailing(still, config)}\n`);
      });
    });
};
