import { parseArgs } from 'node:util';
import { startLocalBatch } from './server.ts';

const HELP = `Local AWS Batch endpoint: jobs run as processes of this machine.

  --port N            loopback port (default: a free one)
  --state DIR         folder of state and job logs (default: .nas/batch)
  --slots N           jobs that may run at once (default 2)
  --cwd DIR           working directory of jobs (default: the current one)
  --gpus N            GPUs that jobs may ask for (default 0)
  --rate OP=N         requests a second of an operation before it is throttled; repeatable
  --second-ms N       milliseconds of an emulated second, for timeouts and notices (default 1000)

It serves requests signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, which must be set.
`;

const integer = (name: string, text: string | undefined, least: number): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new RangeError(
      `--${name}: ${JSON.stringify(text)} is not allowed. Allowed: integers from ${least}`,
    );
  return value;
};

/** `{[key]: value}`, or nothing when there is no value. */
const given = <K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]?: T });

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      state: { type: 'string', default: '.nas/batch' },
      slots: { type: 'string' },
      cwd: { type: 'string' },
      gpus: { type: 'string' },
      rate: { type: 'string', multiple: true },
      'second-ms': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const rateLimits = Object.fromEntries(
    (values.rate ?? []).map((text) => {
      const [operation = '', limit] = text.split('=');
      return [operation, integer('rate', limit ?? '', 1) ?? 1];
    }),
  );
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = process.env;
  if (accessKeyId === '' || secretAccessKey === '')
    throw new Error('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set: requests are signed with them');
  // What jobs and this process write is their user's alone.
  process.umask(0o077);
  const batch = await startLocalBatch({
    credentials: { accessKeyId, secretAccessKey },
    stateDir: values.state,
    rateLimits,
    ...given('port', integer('port', values.port, 0)),
    ...given('slots', integer('slots', values.slots, 0)),
    ...given('cwd', values.cwd),
    ...given('gpus', integer('gpus', values.gpus, 0)),
    ...given('secondMs', integer('second-ms', values['second-ms'], 1)),
    onFatal: (error) => {
      process.stderr.write(`local batch: ${error.stack ?? error.message}\n`);
      process.exit(70);
    },
  });
  process.stdout.write(`local batch: ${batch.url}\n`);
  const stop = (): void => {
    batch.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`local batch: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
};

main().catch((error: unknown) => {
  process.stderr.write(`local batch: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(3);
});
