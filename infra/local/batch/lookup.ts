import type { JobDefinition, JobQueueDetail } from '@aws-sdk/client-batch';
import { nameOf } from './names.ts';
import type { Job, JobSpec } from './records.ts';
import type { Tables } from './state.ts';

export const specOf = (tables: Tables, job: Job): JobSpec => {
  const spec = tables.specs.get(job.specId);
  if (spec === undefined)
    throw new Error(`job ${job.jobId}: its submission ${job.specId} is not in the state`);
  return spec;
};

export const queueOf = (tables: Tables, nameOrArn: string): JobQueueDetail | undefined =>
  tables.jobQueues.get(nameOf(nameOrArn));

/** A definition by `name` (newest active revision), `name:revision` or ARN. */
export const definitionOf = (tables: Tables, id: string): JobDefinition | undefined => {
  const name = nameOf(id);
  if (name.includes(':')) return tables.jobDefinitions.get(name);
  return [...tables.jobDefinitions.values()]
    .filter((d) => d.jobDefinitionName === name && d.status === 'ACTIVE')
    .reduce<JobDefinition | undefined>(
      (newest, d) => ((d.revision ?? 0) > (newest?.revision ?? 0) ? d : newest),
      undefined,
    );
};

export const childId = (arrayJobId: string, index: number): string => `${arrayJobId}:${index}`;

/** An array's children, in order; empty for any other job, and for an array that has not spawned them. */
export const childrenOf = (tables: Tables, job: Job): Job[] => {
  const size = job.index === undefined ? (specOf(tables, job).arraySize ?? 0) : 0;
  return Array.from({ length: size }, (_, i) => tables.jobs.get(childId(job.jobId, i)) ?? []).flat();
};

/** When the job came to be: by its submission, or when its array spawned it. */
export const createdAtOf = (tables: Tables, job: Job): number =>
  job.spawnedAt ?? specOf(tables, job).createdAt;
