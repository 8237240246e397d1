/**
 * `npm run -s chaos -- [--seconds N] [--seed S] [--experiments NAMES] [--parallel N] [--json]`: small
 * searches on the real stack under seeded faults, compared with undisturbed twins. Exit code 1 when a promise
 * was broken.
 */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { wholeNumber } from '../../scripts/number-option.ts';
import { refuseClearly } from '../../scripts/refusals.ts';
import { EXPERIMENTS } from './experiments.ts';
import type { ExperimentName } from './experiments.ts';
import type { ChaosReport } from './judge.ts';
import { soak } from './soak.ts';

const KNOWN = Object.keys(EXPERIMENTS) as ExperimentName[];
const named = (text: string): ExperimentName[] =>
  text.split(',').map((name) => {
    const known = KNOWN.find((candidate) => candidate === name);
    if (known === undefined) throw new InvalidArgumentError(`allowed: ${KNOWN.join(', ')}.`);
    return known;
  });

const text = (report: ChaosReport): string =>
  [
    `${report.faults} faults of ${report.kinds} kinds in ${report.seconds} s, seed ${report.seed}; ` +
      `${report.spoiltAnswers} of them spoilt answers:`,
    ...Object.entries(report.injected)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `  ${String(count).padStart(4)}  ${name}`),
    `${report.runs} runs, ${report.trials} trials in ${report.attempts} attempts`,
    `${report.resumed} attempts went on from a checkpoint, ${report.preempted} left one on a notice`,
    `${report.walkedBack} walked back over a damaged one; ${report.unreadFlips} turned bits were never needed again`,
    `${report.damaged} documents were damaged; ${report.mended} of them written anew, the others named in a report`,
    `${report.refusedZombieWrites} late writes were refused`,
    ...Object.entries(report.broken).map(([promise, list]: [string, readonly string[]]) =>
      [`${promise}: ${list.length}`, ...list.map((item) => `  ${item}`)].join('\n'),
    ),
    report.passed ? 'every promise was kept' : 'PROMISES WERE BROKEN',
    '',
  ].join('\n');

const program = refuseClearly(
  new Command('chaos')
    .option('--seconds <n>', 'how long faults are injected', wholeNumber(0), 300)
    .option('--seed <s>', 'seed of the faults', wholeNumber(0), 1)
    .option('--experiments <names>', `searches to run in turn: ${KNOWN.join(', ')}`, named, KNOWN)
    .option('--parallel <n>', 'runs under fire at the same time', wholeNumber(1), 3)
    .option('--json', 'print one JSON document'),
);
try {
  program.parse();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  if (error.exitCode !== 0) process.stderr.write(`chaos: ${error.message}\n`);
  process.exit(error.exitCode);
}
const { json, ...options } = program.opts<{
  seconds: number;
  seed: number;
  experiments: readonly ExperimentName[];
  parallel: number;
  json?: boolean;
}>();
const report = await soak({ ...options, log: (line) => process.stderr.write(`${line}\n`) });
process.stdout.write(json === true ? `${JSON.stringify(report)}\n` : text(report));
process.exitCode = report.passed ? 0 : 1;
