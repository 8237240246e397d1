import type { Argument, Command, Option } from 'commander';
import { optionsOf } from '../refusals.ts';

/** One word that may stand where the cursor is. */
export interface Candidate {
  readonly word: string;
  readonly description: string;
}

/**
 * What may stand at the cursor: one of these words, a value that the help calls by this name (`run` of
 * `<run>`), or nothing that is known.
 */
export type Place =
  | { readonly kind: 'words'; readonly words: readonly Candidate[] }
  | {
      readonly kind: 'value';
      readonly name: string;
      /** Of the value, where it has begun. */
      readonly begun: string;
      /** What stands in front of the value in the same word: `--space=`. */
      readonly prefix: string;
      /** Arguments in front of it. */
      readonly args: readonly string[];
    };

const optionOf = (command: Command, word: string): Option | undefined =>
  optionsOf(command).find(({ long, short }) => word === long || word === short);

const takesValue = ({ required, optional }: Option): boolean => required || optional;

/** `run` of `--from <run>`. */
const valueName = ({ flags }: Option): string => /[<[](.+?)(?:\.\.\.)?[>\]]/.exec(flags)?.[1] ?? '';

const choices = ({ argChoices = [] }: Option | Argument, begun: string, prefix = ''): Place => ({
  kind: 'words',
  words: argChoices
    .filter((word) => word.startsWith(begun))
    .map((word) => ({ word: `${prefix}${word}`, description: '' })),
});

const beginning = (words: readonly Candidate[], begun: string): Place => ({
  kind: 'words',
  words: words.filter(({ word }) => word.startsWith(begun)),
});

/** What may follow the words of a command line, of which the last is begun and may be empty. */
export const placeAfter = (program: Command, words: readonly string[]): Place => {
  const begun = words.at(-1) ?? '';
  let command = program;
  const args: string[] = [];
  let pending: Option | undefined;
  let onlyArguments = false;
  for (const word of words.slice(0, -1)) {
    if (pending !== undefined) pending = undefined;
    else if (onlyArguments) args.push(word);
    else if (word === '--') onlyArguments = true;
    else if (word.startsWith('-')) {
      const option = optionOf(command, word);
      pending = option !== undefined && takesValue(option) ? option : undefined;
    } else {
      const inner = args.length === 0 ? command.commands.find((one) => one.name() === word) : undefined;
      if (inner === undefined) args.push(word);
      else command = inner;
    }
  }
  const valueOf = (target: Option | Argument, name: string, value: string, prefix = ''): Place =>
    target.argChoices === undefined
      ? { kind: 'value', name, begun: value, prefix, args }
      : choices(target, value, prefix);
  if (pending !== undefined) return valueOf(pending, valueName(pending), begun);
  const help = command.createHelp();
  if (begun.startsWith('-') && !onlyArguments) {
    const [flag = '', value] = begun.split(/=(.*)/s);
    const option = value === undefined ? undefined : optionOf(command, flag);
    if (option !== undefined && value !== undefined)
      return valueOf(option, valueName(option), value, `${flag}=`);
    const offered = optionsOf(command).flatMap(({ long, short, description }) => {
      const word = long ?? short;
      return word === undefined ? [] : [{ word, description }];
    });
    return beginning(offered, begun);
  }
  if (command.commands.length > 0 && args.length === 0)
    return beginning(
      help
        .visibleCommands(command)
        .map((inner) => ({ word: inner.name(), description: help.subcommandDescription(inner) })),
      begun,
    );
  const argument = command.registeredArguments[args.length];
  return argument === undefined ? { kind: 'words', words: [] } : valueOf(argument, argument.name(), begun);
};
