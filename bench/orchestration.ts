/**
 * What the product adds to a trial: a search of instant trials through the real workflow, a real Temporal
 * server and a real S3 server. `npm run -s bench -- orchestration [--trials N] [--json]`. Two kinds of
 * trials: look-ups, as of a benchmark's table, and jobs of a Batch that ends each at once, so that their
 * documents, submissions and results count.
 */
import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { createJobWatcher } from '../activities/batch/job-watcher.ts';
import { createNoticeWatcher } from '../activities/batch/notice-watcher.ts';
import { createRunTrial } from '../activities/search/run-trial.ts';
import { createTrialArrays } from '../activities/search/trial-arrays.ts';
import { inputError } from '../nas/core/input-error.ts';
import { dartsCnn } from '../nas/space/darts-cnn.ts';
import { strategiesFor, strategyNamed } from '../nas/search/registry.ts';
import { wholeNumber } from '../scripts/number-option.ts';
import { createSimulatedBatch } from '../test/support/simulated-batch.ts';
import { instantScore, recordOf, succeeded, withSearch } from './orchestration/search.ts';
import { countNetwork } from '../nas/training/tasks/count-network.ts';
import { startBenchStack } from './orchestration/stack.ts';
import type { BenchStack } from './orchestration/stack.ts';
import { refuseClearly } from '../scripts/refusals.ts';

interface Flags {
  readonly trials: number;
  readonly jobs: number;
  readonly parallelism: number;
  readonly strategy: string;
  readonly json?: true;
}

const program = (): Command =>
  refuseClearly(
    new Command('bench orchestration')
      .description('Cost of a trial in a search whose trials are instant')
      .option(
        '--trials <n>',
        'look-ups; a tenth of them is measured first, for comparison',
        wholeNumber(1),
        10_000,
      )
      .option('--jobs <n>', 'trials that are jobs', wholeNumber(1), 500)
      .option('--parallelism <n>', 'trials awaited at once', wholeNumber(1), 100)
      .option('--strategy <name>', 'a black-box strategy on the space darts-cnn', 'regularized-evolution')
      .option('--json', 'print one JSON document'),
  );

interface Measured {
  readonly trials: number;
  readonly msPerTrial: number;
  /** Events of the search's history. */
  readonly events: number;
  /** Resident memory of the worker when a tenth of the trials had ended, and at the end. */
  readonly mebibytes: { readonly atTenth: number; readonly atEnd: number };
}

const mebibytes = (): number => Math.round(process.memoryUsage().rss / 2 ** 20);

const measure = async (
  stack: BenchStack,
  { strategy, parallelism }: Flags,
  trials: number,
  kind: 'look-ups' | 'jobs',
): Promise<Measured> => {
  const { store } = stack;
  const runId = `bench-${randomBytes(4).toString('hex')}`;
  let done = 0;
  let atTenth = 0;
  const counted = <T>(value: T): T => {
    if (++done === Math.ceil(trials / 10)) atTenth = mebibytes();
    return value;
  };
  const batch = createSimulatedBatch(store, { milliseconds: 0 });
  const deps = {
    store,
    batch,
    watcher: createJobWatcher({ describe: batch.describe, poll: { min: 1, max: 10 } }),
    notices: createNoticeWatcher({ store }),
    queue: 'bench',
    jobDefinition: 'bench',
    deployment: 'default/bench/0',
    countNetwork,
  };
  const runTrial = createRunTrial(deps);
  return withSearch(
    stack,
    recordOf(runId, { strategy, parallelism, evaluations: trials }),
    {
      runTrial: async (...args) => counted(await runTrial(...args)),
      arrays: createTrialArrays(deps),
      lookUp: async () => (kind === 'jobs' ? undefined : (...args) => counted(instantScore(...args))),
    },
    (start, withWorker) =>
      withWorker(async () => {
        const begun = performance.now();
        const { events } = await succeeded(await start());
        const milliseconds = performance.now() - begun;
        return {
          trials,
          msPerTrial: Number((milliseconds / trials).toFixed(3)),
          events,
          mebibytes: { atTenth, atEnd: mebibytes() },
        };
      }),
  );
};

const line = (name: string, { trials, msPerTrial, events, mebibytes }: Measured): string =>
  `${name}: ${trials} trials, ${msPerTrial} ms a trial, ${events} events, ` +
  `${mebibytes.atTenth} MiB after a tenth and ${mebibytes.atEnd} MiB at the end`;

export const run = async (argv: readonly string[]): Promise<void> => {
  const flags = program().parse(argv, { from: 'user' }).opts<Flags>();
  const able = strategiesFor(dartsCnn).filter((name) => !strategyNamed(name).multiObjective);
  if (!able.includes(flags.strategy))
    throw inputError(
      '--strategy',
      flags.strategy,
      able.join(', '),
      `choose a strategy that searches ${dartsCnn.name} by the score alone, all that instant trials have`,
    );
  const stack = await startBenchStack();
  try {
    // Connections, compiled code and the bundle's cache are not a trial's cost.
    await measure(stack, flags, 100, 'look-ups');
    const fewer = await measure(stack, flags, Math.max(1, Math.round(flags.trials / 10)), 'look-ups');
    const all = await measure(stack, flags, flags.trials, 'look-ups');
    const jobs = await measure(stack, flags, flags.jobs, 'jobs');
    const document = { ...all, strategy: flags.strategy, parallelism: flags.parallelism, fewer, jobs };
    process.stdout.write(
      flags.json === true
        ? `${JSON.stringify(document)}\n`
        : [line('look-ups', fewer), line('look-ups', all), line('jobs', jobs), ''].join('\n'),
    );
  } finally {
    await stack.stop();
  }
};
