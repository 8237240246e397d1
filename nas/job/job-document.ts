import { z } from 'zod';
import { blobRefSchema } from '../core/blob.ts';
import { inputError } from '../core/input-error.ts';
import { checkpointSchema } from '../experiment/experiment.ts';
import { programSpecSchema } from './program-spec.ts';

/** The one argument of a Batch job, stored at the URI that the job receives. Immutable once written. */
export const jobDocumentSchema = z.strictObject({
  version: z.literal(1),
  runId: z.string().min(1),
  /** Path of the job in its run: `stage-1/seed-0`, `stage-2/cell-3f2a9c`, `stage-3/winner/seed-4`. */
  jobId: z.string().min(1),
  /** Hash of the resolved experiment; a checkpoint of another experiment is refused. */
  experimentHash: z.string().min(1),
  program: programSpecSchema,
  /** Job of the same network and recipe with one rung less, whose last checkpoint this one starts from. */
  continues: z.string().min(1).exactOptional(),
  /** Job that trained the network that this one's grew out of. */
  inherits: z.string().min(1).exactOptional(),
  /** The trained network is timed (`LatencyRecord`). */
  measureLatency: z.literal(true).exactOptional(),
  dataset: z.strictObject({ name: z.string().min(1), manifest: blobRefSchema }),
  checkpoint: checkpointSchema,
  /** TensorFlow threads of the process. */
  threads: z.number().int().min(1),
});
export type JobDocument = z.infer<typeof jobDocumentSchema>;

/**
 * A job document that was read from `uri`.
 *
 * @throws InputError naming the first field that is wrong.
 */
export const parseJobDocument = (json: unknown, uri: string): JobDocument => {
  const parsed = jobDocumentSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path ?? [];
  const value = path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    json,
  );
  throw inputError(
    `${uri} ${path.join('.')}`.trim(),
    value ?? null,
    issue?.message ?? 'a job document of version 1',
    'launch the job with the same version of the product as its trainer',
    { cause: parsed.error },
  );
};
