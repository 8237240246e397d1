/**
 * Thousands of jobs in flight on the local Batch endpoint: `npm run -s bench -- fleet [--jobs N] [--json]`.
 */
import { Command } from 'commander';
import { wholeNumber } from '../scripts/number-option.ts';
import { runFleet } from './orchestration/fleet.ts';
import { refuseClearly } from '../scripts/refusals.ts';

interface Flags {
  readonly jobs: number;
  readonly json?: true;
}

const program = (): Command =>
  refuseClearly(
    new Command('bench fleet')
      .description('Thousands of jobs in flight, with a worker that is replaced')
      .option('--jobs <n>', 'jobs in flight at once; a tenth more are run in all', wholeNumber(1), 2000)
      .option('--json', 'print one JSON document'),
  );

export const run = async (argv: readonly string[]): Promise<void> => {
  const flags = program().parse(argv, { from: 'user' }).opts<Flags>();
  const figures = await runFleet(flags.jobs);
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify(figures)}\n`
      : `${Object.entries(figures)
          .map(([name, value]) => `${name}: ${value}`)
          .join('\n')}\n`,
  );
};
