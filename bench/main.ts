/** `npm run -s bench -- NAME …` runs `bench/NAME.ts`: one measurement, one file, exporting `run(argv)`. */
import { readdirSync } from 'node:fs';
import { CommanderError } from 'commander';
import { inputError } from '../nas/core/input-error.ts';
import { exitCodeOf } from '../scripts/exit-code.ts';

const HERE = new URL('.', import.meta.url);

/** A bench is a file with `export const run`; helpers live in folders of their own. */
const names = (): readonly string[] =>
  readdirSync(HERE)
    .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
    .map((file) => file.slice(0, -'.ts'.length))
    .sort();

const [name = '', ...argv] = process.argv.slice(2);
try {
  if (!names().includes(name))
    throw inputError('bench', name, names().join(', '), 'name one of the measurements');
  const bench = (await import(new URL(`${name}.ts`, HERE).href)) as {
    run(argv: readonly string[]): Promise<void>;
  };
  await bench.run(argv);
} catch (error) {
  if (!(error instanceof CommanderError && error.exitCode === 0))
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  // Whatever a measurement that failed has left open is not waited for.
  process.exit(exitCodeOf(error));
}
