import { programResultSchema } from '../nas/job/program-result.ts';
import type { ProgramResult } from '../nas/job/program-result.ts';
import { keys } from './keys.ts';
import { createOrMend, findDocument, withDigest } from './mendable-documents.ts';
import type { Found } from './mendable-documents.ts';
import type { ObjectStore } from './object-store.ts';
import type { JobRef } from './checkpoint-documents.ts';

/**
 * A job's result. A damaged one is none: the job runs again, from its last checkpoint on, and writes the
 * same.
 */
export const findResult = (store: ObjectStore, { runId, jobId }: JobRef): Promise<Found<ProgramResult>> =>
  findDocument(store, keys.job(runId, jobId).result, programResultSchema);

/** Writes a job's result once, with its digest. See `createOrMend`. */
export const writeResult = (
  store: ObjectStore,
  { runId, jobId }: JobRef,
  result: ProgramResult,
): ReturnType<typeof createOrMend> =>
  createOrMend(store, keys.job(runId, jobId).result, programResultSchema, withDigest(result));
