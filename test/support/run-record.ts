import type { ExperimentInput } from '../../nas/protocol/experiment.ts';
import { experimentHash } from '../../nas/protocol/run-record.ts';
import type { RunRecord } from '../../nas/protocol/run-record.ts';
import { settledExperimentSchema } from '../../nas/protocol/settled-experiment.ts';

const MANIFEST = { uri: 's3://test/datasets/toy/manifest.json', sha256: '0'.repeat(64), bytes: 1 };

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
