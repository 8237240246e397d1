import { Argument } from 'commander';
import type { Command } from 'commander';
import { COMPLETION_SCRIPTS } from '../completion/shells.ts';
import type { Shell } from '../completion/shells.ts';
import { candidates } from '../completion/words.ts';
import { examples } from '../examples.ts';

/** Commands that need nothing but the command line's own surface; the shell waits for them at every key. */
export const SURFACE_ONLY: readonly string[] = ['completion', 'complete'];

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
    .action((words: readonly string[]) => {
      for (const { word, description } of candidates(program, words))
        process.stdout.write(`${word}\t${description}\n`);
    });
};
