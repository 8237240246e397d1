/**
 * Results of tiny programs of every system, before and after a change: `npm run -s bench -- digests --help`.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { z } from 'zod';
import { parseJson } from '../nas/core/json.ts';
import { loadTensorFlow } from '../containers/trainer/tensorflow.ts';
import { hashJson } from '../nas/core/hash.ts';
import { inputError } from '../nas/core/input-error.ts';
import { createProgram } from '../nas/training/programs/program-table.ts';
import { SPECS } from './digests/specs.ts';
import { tinyData } from '../test/training/programs/tiny-data.ts';
import { refuseClearly } from '../scripts/refusals.ts';

interface Flags {
  readonly against?: string;
  readonly json?: true;
}

const digestsSchema = z.record(z.string(), z.string());

/** What an earlier run has printed with `--json`. Throws `InputError` where the file is none. */
const readDigests = (path: string): Readonly<Record<string, string>> => {
  try {
    return parseJson(digestsSchema, readFileSync(path, 'utf8'));
  } catch (cause) {
    const fix = 'write one with npm run -s bench -- digests --json';
    throw inputError('--against', path, 'a file of digests by program', fix, { cause });
  }
};

/**
 * Prints SHA-256 of each program's result: genotypes, scores, learning curve, costs, final weights. They are
 * equal on machines of one kind as long as nobody changes a number. With `--against`, ends with exit code 1
 * where one differs.
 */
export const run = async (argv: readonly string[]): Promise<void> => {
  const command = refuseClearly(
    new Command('bench digests')
      .description('Results of tiny programs of every system, by their SHA-256')
      .option('--against <file>', 'say which differ from those that an earlier --json printed')
      .option('--json', 'one JSON document on stdout'),
  );
  command.parse([...argv], { from: 'user' });
  const { against, json } = command.opts<Flags>();
  const before = against === undefined ? undefined : readDigests(against);
  const { tf } = loadTensorFlow({ threads: 1 });
  const digests: Record<string, string> = {};
  for (const [name, spec] of Object.entries(SPECS)) {
    const program = await createProgram(spec, { tf, data: tinyData() });
    while (program.step < program.totalSteps) await program.advance();
    const digest = hashJson(program.result());
    program.dispose();
    digests[name] = digest;
    const change = before === undefined || before[name] === digest ? '' : '  differs';
    if (json !== true) process.stdout.write(`${digest.slice(0, 16)}  ${name}${change}\n`);
    if (change !== '') process.exitCode = 1;
  }
  if (json === true) process.stdout.write(`${JSON.stringify(digests)}\n`);
};
