/** What a search's own thinking costs as it grows: `npm run -s bench -- asktell --help`. */
import { cpus } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { strategyPortsOnDemand } from '../containers/worker/strategy-ports.ts';
import { randomFromSeed } from '../nas/core/random.ts';
import { STRATEGIES, strategyNamed } from '../nas/search/registry.ts';
import { wholeNumber } from '../scripts/number-option.ts';
import { measureAskTell } from './asktell/measure.ts';
import { refuseClearly } from '../scripts/refusals.ts';

interface Flags {
  readonly strategy: string;
  readonly trials: readonly number[];
  readonly measured: number;
  readonly json?: true;
}

/** More trials than any search has. */
const MOST = 1_000_000;

const sizes = (text: string): readonly number[] => {
  const numbers = text.split(',').map(wholeNumber(1, MOST));
  if (numbers.some((n, i) => i > 0 && n <= (numbers[i - 1] as number)))
    throw new InvalidArgumentError('Allowed: ascending numbers.');
  return numbers;
};

const program = (): Command =>
  refuseClearly(
    new Command('bench asktell')
      .description('Time of ask and tell of each strategy after so many trials')
      .option('--strategy <names>', `all, or of ${Object.keys(STRATEGIES).join(', ')}`, 'all')
      .option('--trials <n,…>', 'trials after which to measure', sizes, [100, 1000, 10_000])
      .option('--measured <n>', 'further trials that a time is the mean of', wholeNumber(1, MOST), 128)
      .option('--json', 'print one JSON document'),
  );

const milliseconds = (value: number): string => value.toPrecision(3);

export const run = (argv: readonly string[]): Promise<void> => {
  const flags = program().parse(argv, { from: 'user' }).opts<Flags>();
  const names =
    flags.strategy === 'all'
      ? Object.keys(STRATEGIES)
      : flags.strategy.split(',').map((name) => strategyNamed(name.trim(), '--strategy').name);
  const cpu = `${cpus()[0]?.model ?? 'unknown CPU'}, Node.js ${process.version}`;
  const ports = strategyPortsOnDemand();
  const rows = names.map((name) => {
    const row = measureAskTell(strategyNamed(name), { ...flags, ports, random: randomFromSeed(1) });
    process.stderr.write(`${name}: ${row.times.map(milliseconds).join(', ')} ms\n`);
    return row;
  });
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify({ cpu, ...flags, rows })}\n`);
    return Promise.resolve();
  }
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  process.stdout.write(
    [
      `ask + tell in milliseconds of CPU, mean of ${flags.measured}, ${cpu}`,
      '',
      line(['strategy', 'space', ...flags.trials.map((n) => `n = ${n}`)]),
      line(['---', '---', ...flags.trials.map(() => '---:')]),
      ...rows.map(({ name, space, times }) => line([name, space, ...times.map(milliseconds)])),
      '',
    ].join('\n'),
  );
  return Promise.resolve();
};
