import { CommanderError } from 'commander';
import type { Argument, Command, Option } from 'commander';
import { inputError } from '../nas/core/input-error.ts';
import { nearest } from '../nas/core/nearest.ts';

/** The words that call a command, without those of the program: `data add`. */
const calledAs = (command: Command): string =>
  command.parent === null ? '' : `${calledAs(command.parent)} ${command.name()}`.trim();

/** The program that a command belongs to. */
const programOf = (command: Command): Command =>
  command.parent === null ? command : programOf(command.parent);

/** `status <run>`: a part of a command, as its usage names it. */
const fieldOf = (command: Command, part: string): string => `${calledAs(command)} ${part}`.trim();

/** `<run>` or `[run]`, as the help shows it. */
const shown = (argument: Argument): string => {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
};

const allowedFor = ({ argChoices, description }: Option | Argument): string =>
  argChoices === undefined ? description || 'any text' : argChoices.join(', ');

/** Where the whole of a command is shown. */
const help = (command: Command): string =>
  `${`${programOf(command).name()} ${calledAs(command)}`.trim()} --help shows its options and examples`;

/** A word that is none of those allowed. */
const unknown = (command: Command, part: string, word: string, allowed: readonly string[]): string => {
  const meant = nearest(word.replace(/=.*/s, ''), allowed);
  return inputError(
    fieldOf(command, part),
    word,
    allowed.join(', '),
    `${meant === undefined ? '' : `did you mean ${meant}? `}${help(command)}`,
  ).message;
};

const missing = (command: Command, part: string, allowed: string, fix: string): string =>
  `${fieldOf(command, part)}: nothing is given. Allowed: ${allowed}. Fix: ${fix}; ${help(command)}`;

const commandNames = (command: Command): string[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((inner) => inner.name());

const inherited = ({ parent }: Command): readonly Option[] =>
  parent === null ? [] : [...parent.options.filter(({ long }) => long !== '--version'), ...inherited(parent)];

/** Options that a command takes, those of the commands around it behind its own. */
export const optionsOf = (command: Command): readonly Option[] => [
  ...command.createHelp().visibleOptions(command),
  ...inherited(command),
];

/** Commander's sentences, by its codes: it tells options and values in them alone. */
const SENTENCES: Readonly<Record<string, RegExp>> = {
  'commander.unknownOption': /^error: unknown option '(.*)'$/s,
  'commander.missingArgument': /^error: missing required argument '(.*)'$/s,
  'commander.optionMissingArgument': /^error: option '(.*)' argument missing$/s,
  'commander.missingMandatoryOptionValue': /^error: required option '(.*)' not specified$/s,
  'commander.conflictingOption': /^error: option '(.*)' cannot be used with option '(.*)'$/s,
};
const INVALID_OPTION = /^error: option '(.*?)' argument '(.*)' is invalid\. (.*)$/s;
const INVALID_ARGUMENT = /^error: command-argument value '(.*)' is invalid for argument '(.*?)'\. (.*)$/s;

/** A value that no parser or list of choices took; `words` are those of whoever refused it. */
const invalid = (
  command: Command,
  part: string,
  value: string,
  words: string,
  choices?: string[],
): string => {
  const meant = nearest(value, choices ?? []);
  return inputError(
    fieldOf(command, part),
    value,
    choices?.join(', ') ?? words.replace(/^allowed: /i, '').replace(/\.$/, ''),
    `${meant === undefined ? '' : `did you mean ${meant}? `}${help(command)}`,
  ).message;
};

/** One sentence for what Commander refuses: the field, the value, what is allowed, the fix. */
const refusal = (command: Command, { code, message }: CommanderError): string => {
  const [, first = '', second = ''] = SENTENCES[code]?.exec(message) ?? [];
  const optionOf = (flags: string): Option | undefined =>
    optionsOf(command).find((option) => option.flags === flags);
  const argumentOf = (name: string): Argument | undefined =>
    command.registeredArguments.find((argument) => argument.name() === name);
  switch (code) {
    case 'commander.unknownOption':
      return unknown(
        command,
        '[options]',
        first,
        optionsOf(command).map(({ long, short }) => long ?? short ?? ''),
      );
    case 'commander.unknownCommand':
      return unknown(command, '[command]', command.args[0] ?? '', commandNames(command));
    case 'commander.help': {
      // `help NAME` of no command; or one that has commands of its own, and was given none.
      const word = command.args[1];
      return word === undefined
        ? missing(command, '[command]', commandNames(command).join(', '), 'name one of them')
        : unknown(command, '[command]', word, commandNames(command));
    }
    case 'commander.missingArgument': {
      const argument = argumentOf(first);
      if (argument === undefined) break;
      const called = [
        programOf(command).name(),
        calledAs(command),
        ...command.registeredArguments.map(shown),
      ];
      return missing(command, shown(argument), allowedFor(argument), called.join(' '));
    }
    case 'commander.optionMissingArgument':
    case 'commander.missingMandatoryOptionValue': {
      const option = optionOf(first);
      if (option === undefined) break;
      return missing(command, first, allowedFor(option), `add ${first}`);
    }
    case 'commander.excessArguments': {
      const expected = command.registeredArguments;
      return inputError(
        fieldOf(command, '[arguments]'),
        command.args.slice(expected.length).join(' '),
        expected.length === 0 ? 'options alone' : expected.map(shown).join(' '),
        `leave it out, or put quotes around a value that has blanks; ${help(command)}`,
      ).message;
    }
    case 'commander.invalidArgument': {
      const [, flags = '', given = '', why = ''] = INVALID_OPTION.exec(message) ?? [];
      const option = optionOf(flags);
      if (option !== undefined) return invalid(command, flags, given, why, option.argChoices);
      const [, value = '', name = '', words = ''] = INVALID_ARGUMENT.exec(message) ?? [];
      const argument = argumentOf(name);
      if (argument === undefined) break;
      return invalid(command, shown(argument), value, words, argument.argChoices);
    }
    case 'commander.conflictingOption':
      return inputError(
        fieldOf(command, first),
        `${first} ${second}`,
        `${first} or ${second}`,
        `leave one of them out; ${help(command)}`,
      ).message;
  }
  return message.replace(/^error: /, '');
};

/**
 * Lets a program and all its commands throw what they refuse as one `CommanderError` with exit code 2, whose
 * message says field, value, what is allowed and the fix. Nothing of it is printed: whoever catches it does
 * that, except for help, which Commander has written by then.
 */
export const refuseClearly = (command: Command): Command => {
  command
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError(false)
    .exitOverride((error) => {
      if (error.exitCode === 0) throw error;
      throw new CommanderError(2, error.code, refusal(command, error));
    });
  for (const inner of command.commands) refuseClearly(inner);
  return command;
};
