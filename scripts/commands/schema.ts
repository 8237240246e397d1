import { Option } from 'commander';
import type { Command } from 'commander';
import { examples } from '../examples.ts';

export const register = (program: Command): void => {
  program
    .command('schema')
    .description('print the JSON Schema of experiments, for editors')
    .addOption(new Option('--markdown', 'print every field as a table instead').conflicts('json'))
    .option('--json', 'the same as without: the schema is one JSON document')
    .addHelpText(
      'after',
      examples('nas schema > experiments/schema.json', 'nas schema --markdown > docs/experiment.md'),
    )
    .action(async (options: { readonly markdown?: boolean }) => {
      if (options.markdown === true) {
        const { experimentReference } = await import('../../nas/experiment/experiment-reference.ts');
        process.stdout.write(experimentReference());
        return;
      }
      const { experimentJsonSchema } = await import('../../nas/experiment/experiment-issues.ts');
      process.stdout.write(`${JSON.stringify(experimentJsonSchema(), null, 2)}\n`);
    });
};
