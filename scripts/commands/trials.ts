import { Option } from 'commander';
import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { RUN } from '../run-argument.ts';

interface Options {
  readonly csv?: boolean;
  readonly json?: boolean;
}

export const register = (program: Command): void => {
  program
    .command('trials')
    .description(
      'list what the searches of a run have tried: every trial, or the candidates of a search in one job',
    )
    .argument('<run>', RUN)
    .addOption(new Option('--csv', 'print CSV with every column').conflicts('json'))
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        'nas trials my-run',
        'nas trials my-run --csv > trials.csv',
        "nas trials my-run --json | jq '.trials | max_by(.score)'",
      ),
    )
    .action(async (runId: string, options: Options) => {
      const [{ withSession }, { readRunRecord }, { trialRows }, { printTrials, trialsCsv }] =
        await Promise.all([
          import('../runs/connect.ts'),
          import('../runs/control-run.ts'),
          import('../runs/trial-rows.ts'),
          import('../runs/print-trials.ts'),
        ]);
      await withSession(async (session) => {
        const rows = await trialRows(session.store, await readRunRecord(session, runId));
        if (options.json === true) process.stdout.write(`${JSON.stringify({ runId, trials: rows })}\n`);
        else if (options.csv === true) process.stdout.write(trialsCsv(rows));
        else if (rows.length === 0)
          process.stderr.write(`nothing yet: no search of ${runId} has told what it found\n`);
        else process.stdout.write(`${printTrials(rows, process.stdout.columns)}\n`);
      });
    });
};
