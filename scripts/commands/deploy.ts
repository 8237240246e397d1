import type { Command } from 'commander';
import { examples } from '../examples.ts';

interface Options {
  readonly settings?: string;
  readonly output: string;
  readonly diff?: boolean;
  readonly synth?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export const register = (program: Command): void => {
  program
    .command('deploy')
    .description('create or update what runs need in an AWS account, and print its nas.config.yaml')
    .option('--settings <file>', 'settings of the deployment (nas.deploy.yaml where there is one)')
    .option('--synth', 'write the CloudFormation template and print its path; needs no account')
    .option('--diff', 'show what would change in the account, and change nothing')
    .option('--yes', 'do not ask before permissions are widened')
    .option('--output <folder>', 'where templates are written', 'cdk.out')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        'nas deploy --synth     # the template alone; needs neither account nor Docker',
        'nas deploy --diff',
        'nas deploy > aws.yaml && mv aws.yaml nas.config.yaml',
      ),
    )
    .action(async (options: Options, command: Command) => {
      const [{ resolve, join }, { loadDeploySettings }, { cdk }, requirements, outputs, errors, { parse }] =
        await Promise.all([
          import('node:path'),
          import('../../infra/load-settings.ts'),
          import('../deploy/cdk.ts'),
          import('../deploy/requirements.ts'),
          import('../deploy/outputs.ts'),
          import('../../nas/core/infrastructure-error.ts'),
          import('yaml'),
        ]);
      if (options.synth === true && options.diff === true)
        command.error('error: --synth and --diff exclude each other', { exitCode: 2 });
      const settingsFile = options.settings === undefined ? undefined : resolve(options.settings);
      const settings = loadDeploySettings(settingsFile === undefined ? {} : { file: settingsFile });
      const output = resolve(options.output);
      const run = (...args: string[]): Promise<number> => cdk({ args, settings, settingsFile, output });

      if (options.synth === true) {
        if ((await run('synth', '--quiet')) !== 0)
          throw new Error('the template could not be made; the messages above say why');
        const template = join(output, `${settings.name}.template.json`);
        process.stdout.write(`${options.json === true ? JSON.stringify({ template }) : template}\n`);
        return;
      }
      await requirements.requireCredentials(settings.region);
      if (options.diff === true) {
        if ((await run('diff')) !== 0)
          throw errors.infrastructureError('the difference could not be asked for', 'see the messages above');
        // The difference itself is for people, and went to stderr.
        if (options.json === true)
          process.stdout.write(`${JSON.stringify({ stack: settings.name, region: settings.region })}\n`);
        return;
      }
      await requirements.requireContainerEngine();
      const file = join(output, 'outputs.json');
      const approval = options.yes === true ? 'never' : 'broadening';
      if ((await run('deploy', '--require-approval', approval, '--outputs-file', file)) !== 0)
        throw errors.infrastructureError(
          `stack ${settings.name} was not deployed to ${settings.region}`,
          'the messages above say why; an account that never saw the CDK needs npm exec --no -- cdk bootstrap once (docs/aws.md)',
        );
      const config = outputs.configFile(settings, outputs.readOutputs(file, settings.name));
      process.stdout.write(options.json === true ? `${JSON.stringify({ config: parse(config) })}\n` : config);
    });
};
