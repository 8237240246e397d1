/**
 * Every native operation of training against plain loops, under a checking allocator: `npm run -s bench --
 * kernels --help`.
 */
import { Command, Option } from 'commander';
import { inputError } from '../nas/core/input-error.ts';
import { SUITES, type Suite } from './kernels/cases.ts';
import { INSTRUCTION_SETS, sweep, type InstructionSet, type Mode } from './kernels/sweep.ts';
import { refuseClearly } from '../scripts/refusals.ts';

interface Flags {
  readonly suite: Suite;
  readonly isa: string;
  readonly mode: Mode;
  readonly json?: true;
}

const isInstructionSet = (name: string): name is InstructionSet =>
  INSTRUCTION_SETS.includes(name as InstructionSet);

/**
 * Sweeps once for each instruction set; ends with exit code 1 where a case kills its process or computes
 * something else.
 */
export const run = async (argv: readonly string[]): Promise<void> => {
  const command = refuseClearly(
    new Command('bench kernels')
      .description('Native operations at many shapes, for damage to memory and wrong values')
      .addOption(
        new Option('--suite <name>', 'what is swept; native: without ways around bad kernels')
          .choices(Object.keys(SUITES))
          .default('full'),
      )
      .addOption(new Option('--mode <name>', 'how').choices(['eager', 'compiled']).default('eager'))
      .option('--isa <names>', `comma-separated: ${INSTRUCTION_SETS.join(', ')}`, INSTRUCTION_SETS.join(','))
      .option('--json', 'one JSON document on stdout'),
  );
  command.parse([...argv], { from: 'user' });
  const { suite, isa, mode, json } = command.opts<Flags>();
  const sets = isa.split(',').map((name): InstructionSet => {
    if (!isInstructionSet(name))
      throw inputError('isa', name, INSTRUCTION_SETS.join(', '), 'name one or more of them');
    return name;
  });
  const results = [];
  for (const instructionSet of sets) {
    const start = performance.now();
    let cases = 0;
    const failures = await sweep({ suite, mode, instructionSet }, (done, total) => {
      cases = total;
      process.stderr.write(`${instructionSet}: ${done} of ${total}\n`);
    });
    const seconds = Math.round((performance.now() - start) / 1000);
    results.push({ instructionSet, cases, seconds, failures });
    if (json !== true)
      process.stdout.write(
        [
          `${instructionSet}: ${cases} cases, ${failures.length} failed, ${seconds} s\n`,
          ...failures.map(({ operation, shape, reason }) => `  ${operation} ${shape}: ${reason}\n`),
        ].join(''),
      );
  }
  if (json === true) process.stdout.write(`${JSON.stringify({ suite, mode, results })}\n`);
  if (results.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
};
