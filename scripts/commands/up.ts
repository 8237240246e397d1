import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { wholeNumber } from '../number-option.ts';
import type { PortName } from '../../infra/local/stack/up.ts';

const port = wholeNumber(1, 65_535);

interface Options {
  readonly temporalPort?: number;
  readonly temporalUiPort?: number;
  readonly s3Port?: number;
  readonly batchPort?: number;
  readonly slots?: number;
  readonly worker: boolean;
  readonly json?: boolean;
}

const namedPorts = (options: Options): Partial<Record<PortName, number>> => ({
  ...(options.temporalPort === undefined ? {} : { temporal: options.temporalPort }),
  ...(options.temporalUiPort === undefined ? {} : { temporalUi: options.temporalUiPort }),
  ...(options.s3Port === undefined ? {} : { s3: options.s3Port }),
  ...(options.batchPort === undefined ? {} : { batch: options.batchPort }),
});

export const register = (program: Command): void => {
  program
    .command('up')
    .description('start the embedded stack (Temporal, S3, Batch, worker), or what of it does not run')
    .option('--temporal-port <port>', 'port of the Temporal frontend (7233, or a free one)', port)
    .option('--temporal-ui-port <port>', "port of Temporal's web page (8233, or a free one)", port)
    .option('--s3-port <port>', 'port of the S3 server (7070, or a free one)', port)
    .option('--batch-port <port>', 'port of the local Batch endpoint (7171, or a free one)', port)
    .option('--slots <n>', 'jobs that run at once (one a core)', wholeNumber(1, 1024))
    .option('--no-worker', 'leave the worker to you (development)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas up', 'nas up --slots 4 --json'))
    .action(async (options: Options) => {
      const { startStack } = await import('../start-stack.ts');
      const { stack, services } = await startStack({
        ports: namedPorts(options),
        ...(options.slots === undefined ? {} : { slots: options.slots }),
        services: options.worker ? ['temporal', 's3', 'batch', 'worker'] : ['temporal', 's3', 'batch'],
      });
      const { batchEndpoint, s3Endpoint, temporalUi } = await import('../../infra/local/stack/document.ts');
      const endpoints = {
        temporal: stack.config.temporalAddress,
        temporalUi: temporalUi(stack),
        s3: s3Endpoint(stack),
        batch: batchEndpoint(stack),
      };
      if (options.json === true) {
        process.stdout.write(`${JSON.stringify({ services, endpoints, config: stack.config })}\n`);
        return;
      }
      const started = services.filter((service) => service.started).map(({ name }) => name);
      process.stderr.write(
        `${started.length === 0 ? 'everything was running already' : `started: ${started.join(', ')}`}\n`,
      );
      for (const [name, where] of Object.entries(endpoints)) process.stdout.write(`${name}: ${where}\n`);
    });
};
