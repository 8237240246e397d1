import type { Argument, Command, Option } from 'commander';

/** One word that may stand where the cursor is. */
export interface Candidate {
  readonly word: string;
  readonly description: string;
}

const optionOf = (command: Command, word: string): Option | undefined =>
  [command, ...(command.parent === null ? [] : [command.parent])]
    .flatMap(({ options }) => options)
    .find(({ long, short }) => word === long || word === short);

const takesValue = ({ required, optional }: Option): boolean => required || optional;

const choices = ({ argChoices = [] }: Option | Argument): Candidate[] =>
  argChoices.map((word) => ({ word, description: '' }));

/**
 * What may follow the words of a command line, of which the last is begun and may be empty. Nothing where any
 * text may stand, such as a file or a run's name: the shell then completes files.
 */
export const candidates = (program: Command, words: readonly string[]): readonly Candidate[] => {
  const begun = words.at(-1) ?? '';
  let command = program;
  let positional = 0;
  let pending: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (pending !== undefined) pending = undefined;
    else if (word.startsWith('-')) {
      const option = optionOf(command, word);
      pending = option !== undefined && takesValue(option) ? option : undefined;
    } else {
      const inner = command.commands.find((one) => one.name() === word);
      if (inner === undefined) positional++;
      else command = inner;
    }
  }
  const help = command.createHelp();
  const offered =
    pending !== undefined
      ? choices(pending)
      : begun.startsWith('-')
        ? help.visibleOptions(command).flatMap(({ long, short, description }) => {
            const word = long ?? short;
            return word === undefined ? [] : [{ word, description }];
          })
        : command.commands.length > 0 && positional === 0
          ? help
              .visibleCommands(command)
              .map((inner) => ({ word: inner.name(), description: help.subcommandDescription(inner) }))
          : [command.registeredArguments[positional]].flatMap((argument) =>
              argument === undefined ? [] : choices(argument),
            );
  return offered.filter(({ word }) => word.startsWith(begun));
};
