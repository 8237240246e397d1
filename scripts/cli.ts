import { readdirSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { LockError } from '../infra/local/stack/lock.mjs';
import { errorChain, errorText } from '../nas/protocol/error-text.ts';
import { InputError } from '../nas/protocol/input-error.ts';
import { asMachineFault } from './machine-fault.ts';
import { isInfrastructure } from './outage.ts';
import packageJson from '../package.json' with { type: 'json' };

interface CommandModule {
  register(program: Command): void;
}

const COMMANDS = new URL('./commands/', import.meta.url);

/** The commands' names: every file `scripts/commands/NAME.ts` registers the command `NAME`. */
export const commandNames = (): string[] =>
  readdirSync(COMMANDS)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort();

const load = async (name: string): Promise<CommandModule> =>
  (await import(new URL(`${name}.ts`, COMMANDS).href)) as CommandModule;

/** Only the named command is loaded, so that `nas status` does not pay for the others; help loads all. */
const buildProgram = async (argv: readonly string[]): Promise<Command> => {
  const program = new Command('nas')
    .description('Durable neural architecture search on spot GPUs')
    .version(packageJson.version)
    .option('--debug', 'print stack traces of errors')
    .showHelpAfterError('(nas --help lists the commands)')
    .exitOverride();
  const names = commandNames();
  const wanted = argv.slice(2).find((word) => !word.startsWith('-'));
  const modules = await Promise.all((wanted && names.includes(wanted) ? [wanted] : names).map(load));
  for (const module of modules) module.register(program);
  return program;
};

/** 0 done, 1 failed, 2 bad input, 3 infrastructure. */
export const exitCodeOf = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  for (const at of errorChain(error)) {
    if (at instanceof InputError) return 2;
    if (at instanceof LockError || isInfrastructure(at)) return 3;
  }
  return 1;
};

/** Runs one command line and answers its exit code; messages go to stderr. */
export const main = async (argv: readonly string[]): Promise<number> => {
  try {
    const program = await buildProgram(argv);
    await program.parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const code = exitCodeOf(error);
    // Commander has printed its own message already.
    if (!(error instanceof CommanderError)) {
      process.stderr.write(`nas: ${errorText(asMachineFault(error))}\n`);
      if (argv.includes('--debug') && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    }
    return code;
  }
};
