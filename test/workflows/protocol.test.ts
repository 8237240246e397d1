import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { afterEach, describe, expect, it } from 'vitest';
import type { CostView, LeaderboardRow, RunView } from '../../nas/protocol/run-view.ts';
import { startRun } from '../../scripts/runs/start-run.ts';
import type { JobProgress } from '../../nas/job/progress.ts';
import { keys } from '../../store/keys.ts';
import { runRecordForTests } from '../support/run-record.ts';
import { createHarness } from './harness.ts';
import type { Harness } from './harness.ts';

let harness: Harness;
afterEach(() => harness.close());

const start = (change: Parameters<typeof runRecordForTests>[1] = {}, historyLimit?: number) =>
  startRun(harness.client, harness.store, {
    record: runRecordForTests(harness.runId, change),
    taskQueue: harness.taskQueue,
    ...(historyLimit === undefined ? {} : { historyLimit }),
  });

const statuses = (view: RunView): string[] => view.stages.map((stage) => stage.status);
const jobs = (view: RunView) => view.stages.flatMap((stage) => stage.jobs);
/** What a run found, without what identifies the run. */
const science = ({ winner, baseline, verdict, stages }: RunView) => ({
  winner,
  baseline,
  verdict,
  jobs: stages.map((stage) =>
    stage.jobs
      .map(({ jobId, genotype, validationAccuracy, testAccuracy }) => ({
        jobId,
        genotype,
        validationAccuracy,
        testAccuracy,
      }))
      .sort((a, b) => (a.jobId < b.jobId ? -1 : 1)),
  ),
});

/** The run's final view although its workflow failed. */
const failedView = async (handle: Awaited<ReturnType<typeof start>>): Promise<RunView> => {
  await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
  return handle.query<RunView>('progress');
};

describe('the protocol', () => {
  it('runs three stages, never more jobs at once than allowed, and states a verdict', async () => {
    harness = await createHarness();
    await harness.during(async () => {
      const handle = await start();
      const view = await handle.result();
      expect(view.status).toBe('done');
      expect(statuses(view)).toEqual(['done', 'done', 'done']);
      expect(view.stages.map((stage) => stage.name)).toEqual(['proxy-search', 'retrain-top', 'evaluate']);
      expect(view.winner?.test.n).toBe(2);
      expect(view.baseline?.test.n).toBe(2);
      expect(view.verdict?.text).toMatch(/random cell at n = 2/);
      expect(harness.batch.peak).toBe(2);
      expect(harness.batch.submissions.map(({ tags }) => tags['nas-job']).sort()).toEqual(
        jobs(view)
          .map((job) => job.jobId)
          .sort(),
      );

      const cost = await handle.query<CostView>('cost');
      const [search, retrain, evaluation] = cost.stages;
      const baselineCells = jobs(view).filter((job) => job.jobId.startsWith('stage-3/baseline/cell-'));
      expect(search?.multiplyAdds).toBe(8e9);
      expect(evaluation?.jobs).toBe(4 + baselineCells.length);
      // Equal budget: the random cells cost at least what the search did.
      expect(baselineCells.length).toBeGreaterThanOrEqual(
        ((search?.multiplyAdds ?? 0) + (retrain?.multiplyAdds ?? 0)) / 2e9,
      );

      const rows = await handle.query<LeaderboardRow[]>('leaderboard');
      expect(rows.map((row) => row.jobId).sort()).toEqual(
        jobs(view)
          .filter((job) => job.validationAccuracy !== undefined && !job.jobId.startsWith('stage-1'))
          .map((job) => job.jobId)
          .sort(),
      );
      const accuracies = rows.map((row) => row.validationAccuracy);
      expect(accuracies).toEqual([...accuracies].sort((a, b) => b - a));
      const best = rows.find((row) => row.jobId.startsWith('stage-2'));
      expect(view.winner?.genotype).toBe(best?.genotype);

      const described = await handle.describe();
      expect(described.memo).toMatchObject({ experiment: { name: 'toy' } });
      expect(described.searchAttributes).toMatchObject({
        NasRun: [harness.runId],
        NasSpace: ['darts-cnn'],
        NasStrategy: ['random-weight-sharing'],
        NasOutcome: ['succeeded'],
        NasBestAccuracy: [view.winner?.test.mean],
      });
      const child = await harness.client.workflow.getHandle(`${harness.runId}/stage-1/seed-1`).describe();
      expect(child.searchAttributes).toMatchObject({ NasRun: [harness.runId], NasStage: ['proxy-search'] });
      expect(await harness.store.get(keys.report(harness.runId, 'report.json'))).toBeDefined();
    });
  });

  it('finds the same whatever the order and number of jobs at once', async () => {
    harness = await createHarness();
    const first = await harness.during(async () => (await start({ resources: { parallelism: 1 } })).result());
    await harness.close();
    harness = await createHarness({ milliseconds: 1 });
    const second = await harness.during(async () =>
      (await start({ resources: { parallelism: 16 } })).result(),
    );
    expect(science(second)).toEqual(science(first));
  });

  it('goes on without a candidate that failed', async () => {
    harness = await createHarness({
      script: ({ jobId }) =>
        jobId === 'stage-1/seed-0' ? { end: 'fail', attempts: [{ exitCode: 66 }] } : undefined,
    });
    const view = await harness.during(async () => (await start()).result());
    expect(view.status).toBe('done');
    expect(view.stages[0]?.jobs).toMatchObject([
      { jobId: 'stage-1/seed-0', status: 'failed', outcome: 'diverged', attempts: 1 },
      { jobId: 'stage-1/seed-1', status: 'done', outcome: 'succeeded' },
    ]);
    expect(view.stages[1]?.jobs).toHaveLength(2);
  });

  it('fails with the reasons when nothing is left, and still writes a report', async () => {
    harness = await createHarness({
      script: ({ jobId }) =>
        jobId.startsWith('stage-2') ? { end: 'fail', attempts: [{ exitCode: 65 }] } : undefined,
    });
    await harness.during(async () => {
      const view = await failedView(await start());
      expect(view.status).toBe('failed');
      expect(statuses(view)).toEqual(['done', 'failed', 'pending']);
      expect(view.error).toMatch(/no job succeeded.*invalid-architecture/);
      expect(await harness.store.get(keys.report(harness.runId, 'report.json'))).toBeDefined();
    });
  });

  it('launches a lost job again, and adds up what its launches did', async () => {
    harness = await createHarness({
      script: ({ jobId }, launch) =>
        jobId === 'stage-1/seed-0' && launch === 1
          ? {
              end: 'fail',
              attempts: [{ statusReason: 'Host EC2 (instance i-1) terminated.' }, { exitCode: 137 }],
            }
          : undefined,
    });
    const view = await harness.during(async () => (await start()).result());
    expect(view.stages[0]?.jobs[0]).toMatchObject({ outcome: 'succeeded', attempts: 3, reclaims: 1 });
  });

  it('shows why Batch does not start a job, in the run and in its report', async () => {
    harness = await createHarness({ script: () => ({ end: 'hang' }) });
    await harness.during(async () => {
      const handle = await start();
      while (harness.batch.running().length < 2) await sleep(20);
      const [first] = harness.batch.running();
      const jobOf = async () => (await handle.query<RunView>('progress')).stages[0]?.jobs ?? [];
      const reason = 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - too large';
      harness.batch.set(first as string, { status: 'RUNNABLE', statusReason: reason });
      while (!(await jobOf()).some(({ waits }) => waits?.startsWith(reason))) await sleep(20);
      harness.batch.set(first as string, { status: 'RUNNING', statusReason: undefined });
      while ((await jobOf()).some(({ waits }) => waits !== undefined)) await sleep(20);
      expect((await jobOf()).filter(({ waited }) => waited?.startsWith(reason))).toHaveLength(1);
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow();
      const stored = await harness.store.get(keys.report(harness.runId, 'report.md'));
      expect(new TextDecoder().decode(stored?.body)).toContain(reason);
    });
  });

  it('leaves nothing running when it is cancelled', async () => {
    harness = await createHarness({ script: () => ({ end: 'hang' }) });
    await harness.during(async () => {
      const handle = await start();
      while (harness.batch.running().length < 2) await sleep(20);
      await handle.cancel();
      const view = await failedView(handle);
      expect(view.status).toBe('cancelled');
      expect(jobs(view).map((job) => job.status)).toEqual(['cancelled', 'cancelled']);
      expect(harness.batch.running()).toEqual([]);
      expect(harness.batch.terminated).toHaveLength(2);
    });
  });

  it('cancels its jobs even when it is terminated', async () => {
    harness = await createHarness({ script: () => ({ end: 'hang' }) });
    await harness.during(async () => {
      const handle = await start();
      while (harness.batch.running().length < 2) await sleep(20);
      await handle.terminate('by hand');
      while (harness.batch.running().length > 0) await sleep(20);
      expect(harness.batch.terminated).toHaveLength(2);
    });
  });

  it('refuses a name in use', async () => {
    harness = await createHarness({ script: () => ({ end: 'hang' }) });
    await harness.during(async () => {
      const handle = await start();
      await expect(start()).rejects.toThrow(/--name: "run-.*" is not allowed/);
      await expect(start({ checkpoint: { keep: 2 } })).rejects.toThrow(/a name that no run has/);
      await handle.terminate();
    });
  });
});

/** A claim about the search, as a loaded experiment with two searches or more has it. */
const SEARCHES = {
  stages: {
    search: { seeds: [0, 1, 2] },
    retrain: { topK: 3 },
    evaluate: { claim: 'search', seeds: [0, 1] },
  },
  resources: { parallelism: 4 },
} as const satisfies Parameters<typeof runRecordForTests>[1];

describe('searches that are compared one by one', () => {
  it('have a winner each, and a random search of the same budget', async () => {
    harness = await createHarness();
    const view = await harness.during(async () => (await start(SEARCHES as never)).result());
    expect(view.status).toBe('done');
    const named = (part: string) => jobs(view).filter(({ jobId }) => jobId.startsWith(part));
    for (const search of [0, 1, 2]) {
      expect(named(`stage-2/search-${search}/`)).toHaveLength(1);
      const random = named(`stage-3/baseline/search-${search}/cell-`);
      // A search costs 4e9, its retraining and each random cell 1e9 to 2e9.
      expect(random.length).toBeGreaterThanOrEqual(3);
      expect(random.length).toBeLessThanOrEqual(6);
      for (const who of ['winner', 'baseline'])
        expect(named(`stage-3/${who}/search-${search}/seed-`).map(({ seed }) => seed)).toEqual([0, 1]);
      const pair = view.pairs?.find((one) => one.search === search);
      expect(pair?.winner.genotype).toBe(named(`stage-2/search-${search}/`)[0]?.genotype);
      const best = [...random].sort((a, b) => (b.validationAccuracy ?? 0) - (a.validationAccuracy ?? 0))[0];
      expect(pair?.baseline.genotype).toBe(best?.genotype);
    }
    const drawn = named('stage-3/baseline/').flatMap(({ jobId }) => /cell-.*/.exec(jobId) ?? []);
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(view.verdict).toMatchObject({ claim: 'search', n: 3 });
    expect(view.verdict?.text).toMatch(/random search of the same budget over 3 searches$/);
    const { search, random } = view.budget!;
    expect(random.multiplyAdds / search.multiplyAdds).toBeGreaterThanOrEqual(1);
    expect(search).toMatchObject({ jobs: 6, failed: 0, seconds: 6 });
    expect(random.seconds).toBe(random.jobs);
  });

  it('find the same whatever the order and number of jobs at once', async () => {
    harness = await createHarness();
    const first = await harness.during(async () => (await start(SEARCHES as never)).result());
    await harness.close();
    harness = await createHarness({ milliseconds: 1 });
    const second = await harness.during(async () =>
      (await start({ ...SEARCHES, resources: { parallelism: 1 } } as never, 30)).result(),
    );
    expect(science(second)).toEqual(science(first));
    expect(second.pairs).toEqual(first.pairs);
  });

  it('say what is left where a search, or what it found, is lost', async () => {
    harness = await createHarness({
      script: ({ jobId }) =>
        jobId === 'stage-1/seed-0' || jobId.startsWith('stage-2/search-1/')
          ? { end: 'fail', attempts: [{ exitCode: 66 }] }
          : undefined,
    });
    const view = await harness.during(async () => (await start(SEARCHES as never)).result());
    expect(view.status).toBe('done');
    expect(view.pairs?.map(({ search }) => search)).toEqual([2]);
    expect(view.verdict?.claim).toBeUndefined();
    expect(view.verdict?.text).toMatch(/the random cell at n = 2/);
    expect(jobs(view).some(({ jobId }) => /^stage-3\/baseline\/search-[01]/.test(jobId))).toBe(false);
  });
});

describe('a long history', () => {
  it('continues as new and finds the same', async () => {
    harness = await createHarness();
    const whole = await harness.during(async () => (await start()).result());
    await harness.close();
    harness = await createHarness();
    await harness.during(async () => {
      const handle = await start({}, 30);
      const cut = await handle.result();
      expect(science(cut)).toEqual(science(whole));
      expect(cut.stages).toEqual(
        whole.stages.map((stage) => expect.objectContaining({ name: stage.name, status: stage.status })),
      );
      // Nothing ran twice.
      expect(harness.batch.submissions).toHaveLength(jobs(cut).length);
      const executions: number[] = [];
      for await (const info of harness.client.workflow.list({
        query: `WorkflowId IN ("${harness.runId}", "${harness.runId}/stage-3")`,
      }))
        executions.push(info.historyLength);
      expect(executions.length).toBeGreaterThan(3);
    });
  });
});

describe('the rehearsal', () => {
  it('is skipped, and says so, where capacity cannot be taken away', async () => {
    harness = await createHarness();
    const view = await harness.during(async () => (await start({ rehearsal: { reclaims: 1 } })).result());
    expect(view.rehearsal).toMatchObject({ reclaims: 0, text: expect.stringContaining('skipped') });
  });

  it('reclaims each attempt once, after its checkpoints', async () => {
    const reclaimed: string[] = [];
    harness = await createHarness({
      milliseconds: 1500,
      capacity: { reclaim: async (id) => void reclaimed.push(id) },
    });
    const write = (epoch: number, checkpoints: number): Promise<unknown> =>
      harness.store.put(
        keys.job(harness.runId, 'stage-1/seed-0').progress,
        new TextEncoder().encode(
          JSON.stringify({
            ...{ jobId: 'stage-1/seed-0', epoch, batchJobId: `job-${epoch}`, batchAttempt: 1, checkpoints },
            ...{ phase: 'training', step: 1, totalSteps: 9, checkpointStep: 1, stepsPerSecond: 1 },
            updatedAt: new Date(0).toISOString(),
          } satisfies JobProgress),
        ),
      );
    await harness.during(async () => {
      const handle = await start({ rehearsal: { reclaims: 2, afterCheckpoints: 2 } });
      while (harness.batch.running().length < 2) await sleep(20);
      await write(1, 1);
      await sleep(400);
      expect(reclaimed).toEqual([]);
      await write(1, 3);
      while (reclaimed.length < 1) await sleep(20);
      await write(2, 2);
      const view = await handle.result();
      expect(reclaimed).toEqual(['job-1', 'job-2']);
      expect(view.rehearsal).toMatchObject({ reclaims: 2, jobId: 'stage-1/seed-0' });
    });
  });

  it('ends with the search when the job was too quick for it', async () => {
    harness = await createHarness({ capacity: { reclaim: () => Promise.reject(new Error('not called')) } });
    const view = await harness.during(async () => (await start({ rehearsal: { reclaims: 1 } })).result());
    expect(view.status).toBe('done');
    expect(view.rehearsal?.reclaims ?? 0).toBe(0);
  });
});

describe('a worker that goes away', () => {
  it('hands its jobs over: none is launched twice, none is ended', async () => {
    harness = await createHarness({ milliseconds: 2_000 });
    const handle = await harness.during(async () => {
      const started = await start();
      while (harness.batch.running().length < 2) await sleep(20);
      return started;
    });
    const view = await harness.during(() => handle.result());
    expect(view.status).toBe('done');
    expect(harness.batch.terminated).toEqual([]);
    expect(harness.batch.submissions).toHaveLength(jobs(view).length);
  });
});
