import type { Command } from 'commander';
import { examples } from '../examples.ts';

interface Options {
  readonly settings?: string;
  readonly output: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export const register = (program: Command): void => {
  program
    .command('destroy')
    .description('delete what nas deploy created, but the bucket and what it holds')
    .option('--settings <file>', 'settings of the deployment (nas.deploy.yaml where there is one)')
    .option('--yes', 'do not ask')
    .option('--output <folder>', 'where templates are written', 'cdk.out')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas destroy --yes'))
    .action(async (options: Options) => {
      const [{ resolve }, { loadDeploySettings }, { cdk }, { requireCredentials }, { infrastructureError }] =
        await Promise.all([
          import('node:path'),
          import('../../infra/load-settings.ts'),
          import('../deploy/cdk.ts'),
          import('../deploy/requirements.ts'),
          import('../../nas/core/infrastructure-error.ts'),
        ]);
      const settingsFile = options.settings === undefined ? undefined : resolve(options.settings);
      const settings = loadDeploySettings(settingsFile === undefined ? {} : { file: settingsFile });
      await requireCredentials(settings.region);
      const args = ['destroy', ...(options.yes === true ? ['--force'] : [])];
      if ((await cdk({ args, settings, settingsFile, output: resolve(options.output) })) !== 0)
        throw infrastructureError(
          `stack ${settings.name} was not deleted from ${settings.region}`,
          'the messages above say why',
        );
      if (options.json === true)
        process.stdout.write(`${JSON.stringify({ destroyed: settings.name, region: settings.region })}\n`);
      process.stderr.write('the bucket of runs and data remains; docs/aws.md says how to delete it\n');
    });
};
