import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { attemptRecordSchema, type AttemptRecord } from '../../../nas/job/attempt-record.ts';
import { trialsProgressSchema, type TrialsProgress } from '../../../nas/job/progress.ts';
import type { JobView, RunView } from '../../../nas/protocol/run-view.ts';
import type { Session } from '../../../scripts/runs/connect.ts';
import { liveView } from '../../../scripts/runs/live-view.ts';
import { replaceDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';

const SEARCH = 'stage-1/seed-0';

/** How a run looks whose one job the workflow shows as `job`, beside attempts and progress in the store. */
const shown = async (
  job: Pick<JobView, 'status' | 'attempts'>,
  attempts: readonly (readonly [jobId: string, kind?: 'reclaim' | 'sigterm'])[],
  progress?: TrialsProgress,
) => {
  const store = createMemoryObjectStore();
  for (const [i, [jobId, kind]] of attempts.entries()) {
    const record: AttemptRecord = {
      jobId,
      epoch: i + 1,
      batchJobId: `b-${i}`,
      batchAttempt: 1,
      host: 'host',
      startedAt: '2026-11-30T10:00:00.000Z',
      fromStep: 0,
      ...(kind === undefined ? {} : { notice: { kind, at: '2026-11-30T10:01:00.000Z' } }),
    };
    await replaceDocument(store, keys.job('run', jobId).attempt(i + 1), attemptRecordSchema, record);
  }
  // What else lies below a job is no attempt.
  await replaceDocument(store, keys.job('run', SEARCH).manifest(1, 10), z.unknown(), {});
  if (progress !== undefined)
    await replaceDocument(store, keys.job('run', SEARCH).progress, trialsProgressSchema, progress);
  const view: RunView = {
    runId: 'run',
    experiment: 'toy',
    status: 'cancelled',
    stages: [
      {
        name: 'proxy-search',
        status: 'failed',
        jobs: [{ jobId: SEARCH, kind: 'search', seed: 0, reclaims: 0, ...job }],
      },
    ],
  };
  const client = {
    connection: { withDeadline: (_: number, call: () => unknown) => call() },
    workflow: {
      getHandle: () => ({ query: async () => view, describe: async () => ({ raw: {} }) }),
    },
  };
  const live = await liveView({ client, store, config: {} } as unknown as Session, 'run');
  const [found] = live.stages[0]?.jobs ?? [];
  return { attempts: found?.attempts, reclaims: found?.reclaims };
};

describe('the attempts of a job that could not report', () => {
  it('are those that it began, in a run that was cancelled', async () => {
    const tried = [[SEARCH, 'reclaim'], [SEARCH, 'sigterm'], [SEARCH]] as const;
    expect(await shown({ status: 'cancelled', attempts: 0 }, tried)).toEqual({ attempts: 3, reclaims: 1 });
  });

  it('are those of its trials, of a search by trials', async () => {
    const tried = [[`${SEARCH}/trial-000000`, 'reclaim'], [`${SEARCH}/trial-000001`]] as const;
    expect(await shown({ status: 'cancelled', attempts: 0 }, tried)).toEqual({ attempts: 2, reclaims: 1 });
    // While it runs it tells of them itself.
    const progress = {
      ...{ step: 1, trials: 1, totalSteps: 9, phase: 'x', stepsPerSecond: 0 },
      ...{ attempts: 7, reclaims: 2 },
    };
    expect(await shown({ status: 'running', attempts: 0 }, tried, progress)).toEqual({
      attempts: 7,
      reclaims: 2,
    });
  });

  it('are none where it never began', async () => {
    expect(await shown({ status: 'cancelled', attempts: 0 }, [])).toEqual({ attempts: 0, reclaims: 0 });
  });

  it("are Batch's own count where it did report", async () => {
    const tried = [[SEARCH], [SEARCH, 'reclaim']] as const;
    expect(await shown({ status: 'failed', attempts: 1 }, tried)).toEqual({ attempts: 1, reclaims: 0 });
  });
});
