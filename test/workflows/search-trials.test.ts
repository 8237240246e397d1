import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { RunView } from '../../nas/protocol/run-view.ts';
import { trialsOf } from '../../nas/search/trial-log.ts';
import { startRun } from '../../scripts/runs/start-run.ts';
import { writeTable } from '../../store/tables.ts';
import { readTrialLog } from '../../store/trial-log.ts';
import { controlUpdate } from '../../workflows/contract.ts';
import type { ControlRequest } from '../../workflows/contract.ts';
import { runRecordForTests } from '../support/run-record.ts';
import { createHarness } from './harness.ts';
import type { Harness } from './harness.ts';

let harness: Harness;
afterEach(() => harness.close());

const EVOLUTION = {
  space: { name: 'nas-bench-201' },
  strategy: { name: 'regularized-evolution', populationSize: 4, tournamentSize: 2 },
  stages: {
    search: { seeds: [0, 1], evaluations: 12 },
    retrain: { topK: 2 },
    evaluate: { seeds: [0, 1] },
  },
  resources: { parallelism: 3 },
} as const;

/** A report takes seconds to draw and is not what these tests are about. */
const UNREPORTED = {
  replace: { collectReport: async () => ({ uri: 's3://none/none', sha256: '', bytes: 0 }) },
};

const start = (change: object = {}) =>
  startRun(harness.client, harness.store, {
    record: runRecordForTests(harness.runId, { ...EVOLUTION, ...change } as never),
    taskQueue: harness.taskQueue,
  });
const trials = async (seed: number) =>
  trialsOf(await readTrialLog(harness.store, harness.runId, `stage-1/seed-${seed}`));
const MACRO = gunzipSync(readFileSync('data/nas-bench-macro/nas-bench-macro-cifar10.csv.gz')).toString();
const writeMacroTable = () =>
  writeTable(harness.store, { name: 'macro', space: 'nas-bench-macro', source: 'shipped', text: MACRO });
const submitted = (stage: string): string[] => harness.batch.launched.filter((id) => id.startsWith(stage));
const until = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
  while (!(await holds())) await sleep(20);
};

describe('a run whose stage 1 searches by trials', () => {
  it('goes through the three stages, with a bounded history and never more jobs than allowed', async () => {
    harness = await createHarness();
    await harness.during(async () => {
      const handle = await start();
      const view = await handle.result();
      expect(view.status).toBe('done');
      expect(view.verdict?.text).toMatch(/random cell at n = 2/);
      expect(harness.batch.peak).toBe(3);
      const found = [...(await trials(0)), ...(await trials(1))];
      expect(found).toHaveLength(24);
      const best = Math.max(...found.map(({ end }) => (end?.kind === 'score' ? end.value : 0)));
      expect(Math.max(...view.stages[0]!.jobs.map((job) => job.validationAccuracy ?? 0))).toBe(best);
      const networks = found.filter(({ copyOf }) => copyOf === undefined);
      expect(submitted('stage-1').length).toBe(networks.length);
      const child = await harness.client.workflow.getHandle(`${harness.runId}/stage-1/seed-0`).describe();
      expect(child.historyLength).toBeLessThan(15);
    });
  });

  it('looks trials up where the experiment names a table, and trains in stages 2 and 3', async () => {
    harness = await createHarness(UNREPORTED);
    const table = await writeMacroTable();
    await harness.during(async () => {
      const handle = await start({
        space: { name: 'nas-bench-macro' },
        stages: {
          ...EVOLUTION.stages,
          search: {
            ...{ seeds: [0], evaluations: 60 },
            table: { name: 'macro', column: 'mean_acc', sha256: table.blob.sha256 },
          },
        },
      });
      const view = await handle.result();
      expect(view.status).toBe('done');
      expect(submitted('stage-1')).toEqual([]);
      expect(submitted('stage-2')).toHaveLength(2);
      const found = await trials(0);
      expect(found).toHaveLength(60);
      const accuracies = new Map(
        MACRO.split('\n').map((line) => {
          const [network = '', , , , accuracy] = line.split(',');
          return [network, Number(accuracy) / 100] as const;
        }),
      );
      for (const { genotype, end } of found)
        expect(end).toEqual({ kind: 'score', value: accuracies.get(genotype) });
    });
  });

  it('compares each search on a table with as many random look-ups in it', async () => {
    harness = await createHarness(UNREPORTED);
    const table = await writeMacroTable();
    await harness.during(async () => {
      const handle = await start({
        space: { name: 'nas-bench-macro' },
        stages: {
          search: {
            ...{ seeds: [0, 1], evaluations: 30 },
            table: { name: 'macro', column: 'mean_acc', sha256: table.blob.sha256 },
          },
          retrain: { topK: 3 },
          evaluate: { claim: 'search', seeds: [0] },
        },
      });
      const view = await handle.result();
      expect(view.verdict).toMatchObject({ claim: 'search', n: 2 });
      // Two cells of the first search, one of the second, and the same of their random searches.
      for (const [search, cells] of [2, 1].entries()) {
        expect(submitted(`stage-2/search-${search}/`)).toHaveLength(cells);
        expect(submitted(`stage-3/baseline/search-${search}/cell-`)).toHaveLength(cells);
      }
      const accuracies = MACRO.split('\n')
        .slice(1)
        .flatMap((line) => (line === '' ? [] : [[line.split(',')[0], Number(line.split(',')[4])] as const]))
        .sort((a, b) => b[1] - a[1])
        .map(([network]) => network);
      const random = view.stages[2]!.jobs.filter(({ jobId }) => jobId.includes('/cell-'));
      // The best of 30 of 6,561 networks is among the best fifth but once in 800.
      for (const { genotype } of random.filter(({ search }) => search === 1))
        expect(accuracies.indexOf(genotype)).toBeLessThan(accuracies.length / 5);
      expect(view.budget?.search.jobs).toBe(5);
      expect(view.budget?.random.jobs).toBe(3);
    });
  });

  it('is held, steered and resumed without losing or repeating a trial', async () => {
    let hang = true;
    harness = await createHarness({
      ...UNREPORTED,
      script: ({ jobId }) => (hang && /seed-0.trial-00000[4-9]/.test(jobId) ? { end: 'hang' } : undefined),
    });
    const ask = (handle: Awaited<ReturnType<typeof start>>, change: ControlRequest['change']) =>
      handle.executeUpdate<RunView, [ControlRequest]>(controlUpdate, { args: [{ by: 'test', change }] });
    await harness.during(async () => {
      const handle = await start();
      await until(async () => (await trials(0)).filter(({ end }) => end !== undefined).length === 4);
      await ask(handle, { kind: 'pause', stop: true });
      await until(() => harness.batch.running().length === 0);
      hang = false;
      expect((await trials(0)).length).toBeLessThan(12);
      await expect(ask(handle, { kind: 'cancel-job', jobId: 'stage-2/none' })).rejects.toThrow();
      await ask(handle, { kind: 'edit', edits: { parallelism: 6 } });
      await ask(handle, { kind: 'resume' });
      const view = await handle.result();
      expect(view.status).toBe('done');
      expect(harness.batch.peak).toBe(6);
      for (const seed of [0, 1]) {
        const found = await trials(seed);
        expect(found.map(({ id }) => Number(id.slice(2)))).toEqual(found.map((_, i) => i));
        expect(found.filter(({ end }) => end?.kind === 'score')).toHaveLength(12);
      }
    });
  });

  it('leaves nothing running when it is cancelled', async () => {
    harness = await createHarness({ ...UNREPORTED, script: () => ({ end: 'hang' }) });
    await harness.during(async () => {
      const handle = await start();
      await until(() => harness.batch.running().length === 3);
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow();
      expect(harness.batch.running()).toEqual([]);
    });
  });

  it('goes on with its jobs when its worker is replaced', async () => {
    let hang = true;
    harness = await createHarness({
      ...UNREPORTED,
      script: ({ jobId }) => (hang && jobId.startsWith('stage-1') ? { end: 'hang' } : undefined),
    });
    const handle = await harness.during(async () => {
      const started = await start();
      await until(() => harness.batch.running().length === 3);
      return started;
    });
    hang = false;
    const [first] = harness.batch.running();
    expect(harness.batch.terminated).toEqual([]);
    await harness.during(async () => {
      for (const id of harness.batch.running())
        harness.batch.set(id, { status: 'FAILED', statusReason: 'Host EC2 (instance i-1) terminated.' });
      expect(first).toBeDefined();
      const view = await handle.result();
      expect(view.status).toBe('done');
    });
    const found = await trials(0);
    expect(found.filter(({ end }) => end?.kind === 'score')).toHaveLength(12);
    expect(found.some(({ end }) => end?.kind === 'lost')).toBe(false);
  });
});
