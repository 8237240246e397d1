import { parseJson } from '../nas/core/json.ts';
import type { DatasetManifest } from '../nas/task/manifest.ts';
import { datasetManifestSchema } from '../nas/task/tasks.ts';
import type { RunRecord } from '../nas/experiment/run-record.ts';
import { getBlob } from '../store/blobs.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** The data set as the run's record names it, whatever has been stored under its name since. */
export const readRunDataset = async (store: ObjectStore, { dataset }: RunRecord): Promise<DatasetManifest> =>
  parseJson(datasetManifestSchema, new TextDecoder().decode(await getBlob(store, dataset.manifest)));
