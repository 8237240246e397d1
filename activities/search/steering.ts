import { z } from 'zod';
import { readHint, updateDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { SteerInput, Steering } from '../contract.ts';

const steeringSchema: z.ZodType<Steering> = z.strictObject({
  version: z.number().int().min(0),
  held: z.boolean(),
  parallelism: z.number().int().min(1).exactOptional(),
  cancelled: z.array(z.string()),
});

/** `steerSearch` of `ProtocolActivities`: the search looks every two seconds. */
export const createSteerSearch =
  ({ store }: { readonly store: ObjectStore }) =>
  async ({ run, jobId, steering }: SteerInput): Promise<void> => {
    await updateDocument(store, keys.search(run.runId, jobId).steering, steeringSchema, (present) =>
      present !== undefined && present.version >= steering.version ? present : steering,
    );
  };

/** `undefined` while nobody has asked for anything; also where it is damaged: the next wish replaces it. */
export const readSteering = (
  store: ObjectStore,
  runId: string,
  jobId: string,
): Promise<Steering | undefined> => readHint(store, keys.search(runId, jobId).steering, steeringSchema);
