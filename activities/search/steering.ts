import { readHint, updateDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { steeringSchema, type Steering } from '../../nas/search/steering.ts';
import type { SteerInput } from '../contract.ts';

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
