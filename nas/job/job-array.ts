import { z } from 'zod';

/**
 * Jobs that are submitted as one Batch array: the container's argument is its URI, the child's index chooses
 * the job.
 */
export const jobArraySchema = z.strictObject({
  version: z.literal(1),
  runId: z.string(),
  /** Of the Batch job. */
  name: z.string(),
  /** Their ids, by index. */
  jobs: z.array(z.string()).readonly(),
});
export type JobArray = z.infer<typeof jobArraySchema>;

/** Batch's limits of an array. */
export const ARRAY_SIZE = { min: 2, max: 10_000 } as const;

/** Batch's id of a child. */
export const arrayChildId = (batchJobId: string, index: number): string => `${batchJobId}:${index}`;

/** Batch's id of the array whose child has this id; undefined for any other job. */
export const arrayIdOf = (batchJobId: string): string | undefined => /^(.+):\d+$/.exec(batchJobId)?.[1];
