import type { BlobRef } from '../../nas/core/blob.ts';
import { imageManifestSchema, type ImageManifest } from '../../nas/task/images/manifest.ts';
import type { ExperimentInput } from '../../nas/experiment/experiment.ts';
import { experimentHash } from '../../nas/experiment/run-record.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { settledExperimentSchema } from '../../nas/experiment/settled-experiment.ts';
import { createDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';

const SHARD = { sha256: '0'.repeat(64), bytes: 1 };
const TOY: ImageManifest = {
  version: 1,
  name: 'toy',
  shape: [16, 16, 3],
  classes: ['a', 'b', 'c'],
  splits: {
    train: { count: 8, shards: [{ blob: SHARD, count: 8 }] },
    test: { count: 8, shards: [{ blob: SHARD, count: 8 }] },
  },
  normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
  sha256: '0'.repeat(64),
  source: 'test',
  licence: 'none',
  verified: 'no',
};

/** Writes the manifest of a data set without images, for what needs their shape alone. */
export const storeToyDataset = async (store: ObjectStore): Promise<BlobRef> =>
  (await createDocument(store, keys.dataset('toy'), imageManifestSchema, TOY)).ref;

const MANIFEST = await storeToyDataset(createMemoryObjectStore());

/** A run of a small experiment: two searches, two cells, two seeds. */
export const runRecordForTests = (runId: string, change: Partial<ExperimentInput> = {}): RunRecord => {
  const experiment = settledExperimentSchema.parse({
    name: 'toy',
    space: { name: 'darts-cnn' },
    strategy: { name: 'random-weight-sharing', candidates: 20, rescore: 5 },
    task: { data: 'toy' },
    stages: { search: { seeds: [0, 1] }, retrain: { topK: 2 }, evaluate: { seeds: [0, 1] } },
    ...change,
    resources: { parallelism: 2, ...change.resources },
  } satisfies ExperimentInput);
  return {
    version: 1,
    runId,
    experiment,
    experimentHash: experimentHash(experiment, MANIFEST),
    dataset: { name: 'toy', manifest: MANIFEST },
    createdAt: '2026-01-01T00:00:00.000Z',
  };
};
