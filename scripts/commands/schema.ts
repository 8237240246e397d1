import type { Command } from 'commander';
import { examples } from '../examples.ts';

export const register = (program: Command): void => {
  program
    .command('schema')
    .description('print the JSON Schema of experiments, for editors')
    .option('--json', 'the same: the schema is one JSON document')
    .addHelpText('after', examples('nas schema > experiment.schema.json'))
    .action(async () => {
      const { experimentJsonSchema } = await import('../../nas/protocol/experiment-issues.ts');
      process.stdout.write(`${JSON.stringify(experimentJsonSchema(), null, 2)}\n`);
    });
};
