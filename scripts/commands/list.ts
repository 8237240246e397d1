import type { Command } from 'commander';

export const register = (program: Command): void => {
  program
    .command('list')
    .description('list the runs, newest first')
    .option('--json', 'print one JSON document')
    .action(async (options: { readonly json?: boolean }) => {
      const [{ listRuns, withSession }, { percent, table }, failing] = await Promise.all([
        import('../runs/connect.ts'),
        import('../runs/format.ts'),
        import('../runs/failing-workflows.ts'),
      ]);
      await withSession(async ({ client, config }) => {
        const [listed, still] = await Promise.all([listRuns(client), failing.failingWorkflows(client)]);
        const runs = listed.map((run) => {
          const own = still.filter(({ runId }) => runId === run.runId);
          return own.length === 0 ? run : { ...run, failing: own };
        });
        if (options.json === true) {
          process.stdout.write(`${JSON.stringify({ runs })}\n`);
          return;
        }
        if (runs.length === 0) {
          process.stderr.write('no runs yet; nas run experiments/quickstart.yaml starts one\n');
          return;
        }
        const rows = runs.map((run) => [
          run.runId,
          'failing' in run ? 'stands still' : run.status,
          run.stage ?? '',
          run.bestAccuracy === undefined ? '' : percent(run.bestAccuracy),
          run.startedAt,
        ]);
        process.stdout.write(`${table([['run', 'status', 'stage', 'test', 'started'], ...rows])}\n`);
        for (const workflow of still) process.stderr.write(`${failing.describeFailing(workflow)}\n`);
        if (still.length > 0) process.stderr.write(`Fix: ${failing.fixOfFailing(still, config)}\n`);
      });
    });
};
