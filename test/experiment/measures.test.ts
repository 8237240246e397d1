import { describe, expect, it } from 'vitest';
import { latencyRecordSchema } from '../../nas/experiment/measures.ts';
import { trialMeasures } from '../../activities/search/trial-measures.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { LATENCY, soughtMeasures, timesTrials } from '../../nas/experiment/measures.ts';
import type { LatencyRecord } from '../../nas/experiment/measures.ts';
import type { TrainResult } from '../../nas/job/program-result.ts';
import { jobDocument } from '../../nas/protocol/plan.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { createDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';

const load = (...overrides: string[]) =>
  loadExperiment(
    `name: toy
space: { name: nas-bench-201 }
strategy: { name: random }
task: { data: toy }
stages: { search: { seeds: [0], evaluations: 8 } }
resources: { parallelism: 2 }
`,
    { file: 'toy.yaml', overrides },
  ).experiment;
const LIMITED = 'stages.search.objective={ limits: { latencyMilliseconds: { max: 5 } } }';
const WEIGHED =
  'stages.search.objective={ weights: { latencyMilliseconds: { target: 5 }, parameters: { target: 1000 } } }';
const MINIMISED = 'strategy={ name: nsga-net, minimise: [latencyMilliseconds] }';
const TABLE = 'stages.search.table={ name: t, column: score }';

const TRIAL = {
  kind: 'trial',
  jobId: 'stage-1/seed-0/trial-000000',
  seed: 0,
  genotype: 'g',
  rungs: [50],
} as const;
const runOf = (...overrides: string[]): RunRecord => ({
  version: 1,
  runId: 'run',
  experiment: load(...overrides) as RunRecord['experiment'],
  experimentHash: 'e'.repeat(64),
  dataset: { name: 'toy', manifest: { uri: 's3://test/toy', sha256: '0'.repeat(64), bytes: 1 } },
  createdAt: '2026-01-01T00:00:00.000Z',
});

describe('measures that a search needs', () => {
  it.each([
    ['limits', LIMITED, [LATENCY]],
    ['weights', WEIGHED, [LATENCY, 'parameters']],
    ['second objectives', MINIMISED, [LATENCY]],
    ['no objective', 'stages.search.order=completion', []],
  ])('follow from %s', (_, override, expected) => {
    expect(soughtMeasures(load(override))).toEqual(expected);
    expect(timesTrials(load(override))).toBe(expected.length > 0);
  });

  it('a trial is timed where its search needs that, and no other job is', () => {
    expect(jobDocument(runOf(LIMITED), TRIAL)).toMatchObject({ measureLatency: true });
    expect(jobDocument(runOf(), TRIAL)).not.toHaveProperty('measureLatency');
    const retrain = { kind: 'retrain', jobId: 'stage-2/cell-1', seed: 0, genotype: 'g' } as const;
    expect(jobDocument(runOf(LIMITED), retrain)).not.toHaveProperty('measureLatency');
  });

  it('look-ups are not timed: theirs is a column', () => {
    const experiment = load(TABLE, 'stages.search.objective={ limits: { edge_gpu_latency: { max: 5 } } }');
    expect(soughtMeasures(experiment)).toEqual(['edge_gpu_latency']);
    expect(timesTrials(load(TABLE, LIMITED))).toBe(false);
  });

  it('a name that nothing measures is refused with those that are', () => {
    const measured = /parameters, multiplyAdds, latencyMilliseconds/;
    expect(() => load('stages.search.objective={ limits: { latency: { max: 5 } } }')).toThrow(measured);
    expect(() => load('strategy={ name: nsga-net, minimise: [latency] }')).toThrow(measured);
  });
});

describe('what a search learns of a trained network', () => {
  const result = { parameters: 7, multiplyAdds: 9 } as TrainResult;
  const record: LatencyRecord = {
    version: 1,
    milliseconds: 3.25,
    low: 3,
    high: 4,
    repeats: 50,
    warmUp: 10,
    device: 'CPU',
  };

  it('is its size, and its time where it needs that', async () => {
    const store = createMemoryObjectStore();
    await createDocument(store, keys.job('run', TRIAL.jobId).latency, latencyRecordSchema, record);
    const learnt = (run: RunRecord) => trialMeasures(store, run, TRIAL.jobId, result);
    expect(await learnt(runOf(LIMITED))).toEqual({ parameters: 7, multiplyAdds: 9, [LATENCY]: 3.25 });
    expect(await learnt(runOf())).toEqual({ parameters: 7, multiplyAdds: 9 });
  });

  it('a time that is gone is no zero', async () => {
    const store = createMemoryObjectStore();
    await expect(trialMeasures(store, runOf(LIMITED), TRIAL.jobId, result)).rejects.toThrow(
      'latency.json: missing',
    );
  });
});
