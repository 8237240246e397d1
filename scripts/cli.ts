import { Command, CommanderError } from 'commander';
import { COMMANDS } from './commands.ts';
import { SURFACE_ONLY } from './commands/completion.ts';
import packageJson from '../package.json' with { type: 'json' };

/** Who mistypes a command is told where its options are. */
const pointToHelp = (commands: readonly Command[], words: string): void => {
  for (const command of commands) {
    const called = `${words} ${command.name()}`;
    command.showHelpAfterError(`(${called} --help shows its options and examples)`);
    pointToHelp(command.commands, called);
  }
};

export const buildProgram = (): Command => {
  const program = new Command('nas')
    .description('Durable neural architecture search on spot GPUs')
    .version(packageJson.version)
    .option('--debug', 'print stack traces of errors')
    .showHelpAfterError('(nas --help lists the commands)')
    .addHelpText('after', '\nEvery command has examples in its help: nas run --help\n')
    .exitOverride();
  for (const { register } of COMMANDS) register(program);
  pointToHelp(program.commands, 'nas');
  return program;
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
      .hook('preAction', (_, action) => (SURFACE_ONLY.includes(action.name()) ? undefined : prepare()))
      .parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has printed its own message already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    await prepare();
    const { describeError, exitCodeOf } = await import('./exit-code.ts');
    process.stderr.write(`nas: ${describeError(error)}\n`);
    if (argv.includes('--debug') && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return exitCodeOf(error);
  }
};
