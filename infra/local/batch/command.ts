import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import type { Instance, Job, JobSpec } from './records.ts';

/** Replaces every `Ref::name` by the parameter of that name; unknown names stay as they are. */
export const substitute = (
  command: readonly string[],
  parameters: Readonly<Record<string, string>>,
): string[] =>
  command.map((word) =>
    word.replace(/Ref::([A-Za-z0-9_-]+)/g, (placeholder, name: string) => parameters[name] ?? placeholder),
  );

/**
 * Environment of an attempt's process: the endpoint's own (search path, service endpoints, credentials), then
 * the container's, then what Batch sets.
 */
export const environment = (
  base: NodeJS.ProcessEnv,
  spec: JobSpec,
  job: Job,
  instance: Instance,
  computeEnvironment: string,
  metadataEndpoint: string,
): NodeJS.ProcessEnv => ({
  ...base,
  ...Object.fromEntries((spec.container.environment ?? []).map(({ name, value }) => [name, value ?? ''])),
  AWS_BATCH_JOB_ID: job.jobId,
  AWS_BATCH_JOB_ATTEMPT: String(instance.attempt),
  AWS_BATCH_JQ_NAME: spec.queue,
  AWS_BATCH_CE_NAME: computeEnvironment,
  ...(job.index === undefined ? {} : { AWS_BATCH_JOB_ARRAY_INDEX: String(job.index) }),
  ...(spec.arraySize === undefined ? {} : { AWS_BATCH_JOB_ARRAY_SIZE: String(spec.arraySize) }),
  AWS_EC2_METADATA_SERVICE_ENDPOINT: metadataEndpoint,
});

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
};

/** Whether the shell would find `command` on `searchPath`, or as a path relative to `cwd`. */
export const isCommand = (command: string, searchPath: string, cwd: string): boolean =>
  command.includes('/')
    ? isExecutable(path.resolve(cwd, command))
    : searchPath.split(path.delimiter).some((dir) => dir !== '' && isExecutable(path.join(dir, command)));
