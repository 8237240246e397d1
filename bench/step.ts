/** Training steps against the same networks in PyTorch, interleaved: `npm run -s bench -- step --help`. */
import { Command } from 'commander';
import { inputError } from '../nas/core/input-error.ts';
import { positive } from './step/arguments.ts';
import { CASES, CASE_NAMES, type CaseName } from './step/cases.ts';
import { measure, type Contender, type Measurement, type TwinMeasurement } from './step/measure.ts';
import { TORCH_VERSION, installTorch } from './torch/install.ts';
import { refuseClearly } from '../scripts/refusals.ts';

interface Flags {
  readonly programs: string;
  readonly rounds: string;
  readonly threads: string;
  readonly torchCompile?: true;
  readonly json?: true;
}

/**
 * Relative, of two steps: equal twins differ by rounding, which a step amplifies; fixtures compare the
 * gradients closely.
 */
const LOSS_TOLERANCE = 5e-3;

const agrees = ({ lossDifference = 0 }: TwinMeasurement): boolean => lossDifference <= LOSS_TOLERANCE;
const isMet = ({ twin }: Measurement): boolean =>
  twin === undefined || (twin.ratio <= twin.target && agrees(twin));

const line = (name: string, { seconds, cpuSeconds, preparationSeconds }: Contender): string => {
  const { median, low, high } = seconds;
  const numbers = `${median.toFixed(3)} s  (${low.toFixed(3)}–${high.toFixed(3)})`;
  return `  ${name.padEnd(22)} ${numbers}  CPU ${cpuSeconds.toFixed(3)} s  prepared in ${preparationSeconds.toFixed(0)} s\n`;
};

const verdict = (twin: TwinMeasurement | undefined): string => {
  if (twin === undefined) return 'no twin';
  const { ratio, target, lossDifference } = twin;
  const losses =
    lossDifference === undefined
      ? 'losses differ by their samples'
      : `losses ${agrees(twin) ? 'agree' : 'DIFFER'} to ${lossDifference.toExponential(1)}`;
  return `ratio ${ratio.toFixed(2)}, target ${target}: ${ratio <= target ? 'met' : 'missed'}; ${losses}`;
};

const print = ({ program, compiled, twin, machine }: Measurement): void => {
  process.stdout.write(
    [
      `${program}: ${CASES[program].title}\n`,
      line('durable-nas', compiled),
      ...Object.entries(twin?.torch ?? {}).map(([name, contender]) => line(`PyTorch ${name}`, contender)),
      `  ${verdict(twin)}; ${machine.cores} cores, load ${machine.load.toFixed(1)}\n`,
    ].join(''),
  );
};

const isCase = (name: string): name is CaseName => CASE_NAMES.includes(name as CaseName);

/**
 * Times the programs: medians and quartiles of a step and, where it has a twin, the ratio to the fastest
 * PyTorch. A missed target, or twins whose losses do not agree, end with exit code 1.
 */
export const run = async (argv: readonly string[]): Promise<void> => {
  const command = refuseClearly(
    new Command('bench step')
      .description('Training steps against the same networks in PyTorch, interleaved')
      .option('--programs <names>', `comma-separated: ${CASE_NAMES.join(', ')}`, CASE_NAMES.join(','))
      .option('--rounds <n>', 'timed steps of each contender', '12')
      .option('--threads <n>', 'threads of each contender', '2')
      .option(
        '--torch-compile',
        'also PyTorch with torch.compile, which compiles a supernet for many minutes',
      )
      .option('--json', 'one JSON document on stdout'),
  );
  command.parse([...argv], { from: 'user' });
  const flags = command.opts<Flags>();
  const programs = flags.programs.split(',').map((name): CaseName => {
    if (!isCase(name)) throw inputError('programs', name, CASE_NAMES.join(', '), 'name one or more of them');
    return name;
  });
  let torch: ReturnType<typeof installTorch> | undefined;
  const options = {
    rounds: positive('rounds', flags.rounds),
    threads: positive('threads', flags.threads),
    torchCompile: flags.torchCompile === true,
    torch: () => (torch ??= installTorch()),
  };
  const measurements: Measurement[] = [];
  for (const program of programs) {
    const measurement = await measure(program, options);
    measurements.push(measurement);
    if (flags.json !== true) print(measurement);
  }
  if (flags.json === true)
    process.stdout.write(
      `${JSON.stringify({ torch: TORCH_VERSION, threads: options.threads, measurements: measurements.map(({ twin, ...own }) => ({ ...own, ...twin })) })}\n`,
    );
  if (!measurements.every(isMet)) process.exitCode = 1;
};
