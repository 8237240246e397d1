import { Argument } from 'commander';
import type { Command } from 'commander';
import { COMPLETION_SCRIPTS } from '../completion/shells.ts';
import type { Shell } from '../completion/shells.ts';
import { FILES, SOURCES, valuesAt } from '../completion/values.ts';
import { placeAfter } from '../completion/words.ts';
import type { Candidate } from '../completion/words.ts';
import { examples } from '../examples.ts';

const print = (words: readonly Candidate[]): void => {
  for (const { word, description } of words) process.stdout.write(`${word}\t${description}\n`);
};

/**
 * Whether a command does its work with the command line's own surface: the shell waits for it at every key.
 */
export const isSurfaceOnly = (program: Command, action: Command): boolean => {
  if (action.name() === 'completion') return true;
  if (action.name() !== 'complete') return false;
  const place = placeAfter(program, action.args);
  return place.kind === 'words' || !SOURCES.has(place.name);
};

export const register = (program: Command): void => {
  program
    .command('completion')
    .description('print what lets a shell complete nas at the tab key')
    .addArgument(new Argument('<shell>').choices(Object.keys(COMPLETION_SCRIPTS)))
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        'source <(nas completion bash)     # in ~/.bashrc',
        'source <(nas completion zsh)      # in ~/.zshrc, after compinit',
        'nas completion fish > ~/.config/fish/completions/nas.fish',
      ),
    )
    .action((shell: Shell, options: { readonly json?: boolean }) => {
      const script = COMPLETION_SCRIPTS[shell];
      process.stdout.write(options.json === true ? `${JSON.stringify({ shell, script })}\n` : script);
    });
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: readonly string[]) => {
      const place = placeAfter(program, words);
      if (place.kind === 'words') {
        print(place.words);
        return;
      }
      const files = FILES.get(place.name);
      if (files !== undefined) {
        process.stdout.write(`${files}\n`);
        return;
      }
      print(await valuesAt(place));
      // Whoever has not answered by now is not waited for.
      process.exit();
    });
};
