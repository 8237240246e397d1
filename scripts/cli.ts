import { Command, CommanderError } from 'commander';
import { COMMANDS } from './commands.ts';
import { isSurfaceOnly } from './commands/completion.ts';
import { refuseClearly } from './refusals.ts';
import packageJson from '../package.json' with { type: 'json' };

export const buildProgram = (): Command => {
  const program = new Command('nas')
    .description('Durable neural architecture search on spot GPUs')
    .version(packageJson.version)
    .option('--debug', 'print stack traces of errors')
    .addHelpText('after', '\nEvery command has examples in its help: nas run --help\n');
  for (const { register } of COMMANDS) register(program);
  return refuseClearly(program);
};

/**
 * Runs one command line and answers its exit code; messages go to stderr. `prepare` is awaited before a
 * command does anything: it makes what commands import loadable.
 */
export const main = async (
  argv: readonly string[],
  prepare: () => Promise<void> = async () => {},
): Promise<number> => {
  try {
    await buildProgram()
      .hook('preAction', (program, action) => (isSurfaceOnly(program, action) ? undefined : prepare()))
      .parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      process.stderr.write(`nas: ${error.message}\n`);
      return 2;
    }
    await prepare();
    const { describeError, exitCodeOf } = await import('./exit-code.ts');
    process.stderr.write(`nas: ${describeError(error)}\n`);
    if (argv.includes('--debug') && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return exitCodeOf(error);
  }
};
