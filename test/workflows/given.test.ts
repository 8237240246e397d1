import { afterEach, describe, expect, it } from 'vitest';
import { startRun } from '../../scripts/runs/start-run.ts';
import { runRecordForTests } from '../support/run-record.ts';
import { createHarness } from './harness.ts';
import type { Harness } from './harness.ts';
import { definitionOf } from '../../nas/space/registry.ts';

let harness: Harness;
afterEach(() => harness.close());

const GIVEN = { strategy: { name: 'given' }, genotype: 'DARTS_V2' } as const;
const cell = definitionOf('darts-cnn').published()['DARTS_V2'];
const run = async (change: Parameters<typeof runRecordForTests>[1]) => {
  const handle = await startRun(harness.client, harness.store, {
    record: runRecordForTests(harness.runId, change),
    taskQueue: harness.taskQueue,
  });
  return handle.result();
};

describe('a given cell', () => {
  it('goes through stages 2 and 3 without a search', async () => {
    harness = await createHarness();
    await harness.during(async () => {
      const view = await run({ ...GIVEN, stages: { retrain: { topK: 1 }, evaluate: { seeds: [0, 1] } } });
      expect(view.status).toBe('done');
      expect(view.stages.map(({ jobs }) => jobs.length)).toEqual([0, 1, 4 + 2]);
      expect(view.winner).toMatchObject({ genotype: cell, test: { n: 2 } });
      expect(view.winner?.validationAccuracy).toBeDefined();
      expect(view.baseline?.test.n).toBe(2);
    });
  });

  it('goes straight to stage 3, and a transferred one brings its baseline', async () => {
    harness = await createHarness();
    const baseline = definitionOf('darts-cnn').published()['DARTS_V1'] as string;
    await harness.during(async () => {
      const view = await run({
        ...GIVEN,
        origin: { run: 'origin', experimentHash: 'f'.repeat(64), data: 'other', baseline },
        stages: { retrain: { topK: 0 }, evaluate: { seeds: [0, 1] } },
      });
      expect(view.status).toBe('done');
      expect(view.stages.map(({ jobs }) => jobs.length)).toEqual([0, 0, 4]);
      expect(view.winner?.genotype).toBe(cell);
      expect(view.baseline?.genotype).toBe(baseline);
    });
  });
});
