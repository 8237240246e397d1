import { describe, expect, it } from 'vitest';
import { reclaimNoticeSchema } from '../../../nas/job/handover.ts';
import { programResultSchema } from '../../../nas/job/program-result.ts';
import { runRecordSchema } from '../../../nas/experiment/run-record.ts';
import type { LaunchInput, LaunchResult, LaunchTally } from '../../../activities/contract.ts';
import { createProtocolActivities } from '../../../activities/protocol-activities.ts';
import type { JobDocument } from '../../../nas/job/job-document.ts';
import { EXIT_CODES } from '../../../nas/job/outcome.ts';
import { searchJobs } from '../../../nas/protocol/plan.ts';
import type { JobReport } from '../../../nas/job/job-report.ts';
import type { RunRecord } from '../../../nas/experiment/run-record.ts';
import { writeResult } from '../../../store/job-results.ts';
import { createDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { parseS3Uri } from '../../../store/object-store.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { atEveryEvent, contentOf, throughKill } from '../../support/kill-points.ts';
import type { KillPoint, MortalWorker } from '../../support/kill-points.ts';
import { launchDependencies } from '../../support/launch-dependencies.ts';
import { NO_LAUNCH, RECLAIMED, exited } from '../../support/launches.ts';
import { runRecordForTests } from '../../support/run-record.ts';
import { createSimulatedBatch, simulatedResult } from '../../support/simulated-batch.ts';
import type { SimulatedBatch, SimulatedLaunch } from '../../support/simulated-batch.ts';

interface World {
  readonly store: ObjectStore;
  readonly batch: SimulatedBatch;
  readonly record: RunRecord;
  /** Whatever the job's own processes do while the worker lives, dies and comes back; stops when told. */
  readonly trainers: (stop: AbortSignal) => Promise<void>;
}

const JOB_ID = 'stage-1/seed-0';

const launchJob = ({ store, batch }: MortalWorker) =>
  createProtocolActivities(launchDependencies(store, batch, 1)).launchJob;

/** What the workflow `trainJob` does, over workers of which the first is killed. */
const train = async (
  { store, batch, record, trainers }: World,
  kill?: KillPoint,
): Promise<{ report: JobReport; tally: LaunchTally; events: readonly string[] }> => {
  const stop = new AbortController();
  const background = trainers(stop.signal);
  const job = searchJobs(record.experiment)[0] as LaunchInput['job'];
  const events: string[] = [];
  try {
    for (let earlier = NO_LAUNCH; ;) {
      // An event of a later launch is one of the same job.
      const point = kill === undefined ? undefined : { ...kill, event: kill.event - events.length };
      const launch = await throughKill<LaunchResult>({ store, batch }, point, launchJob, {
        run: record,
        job,
        earlier,
      });
      events.push(...launch.events);
      const { relaunch, tally, report } = launch.output;
      if (relaunch === undefined) return { report, tally, events };
      earlier = tally;
    }
  } finally {
    stop.abort();
    await background;
  }
};

const worldOf = async (
  script: (document: JobDocument, launch: number) => SimulatedLaunch | undefined,
  trainers: (world: Omit<World, 'trainers'>, stop: AbortSignal) => Promise<void> = async () => undefined,
): Promise<World> => {
  const store = createMemoryObjectStore();
  const record = runRecordForTests('run', { resources: { spotDollarsPerHour: 3600 } });
  await createDocument(store, keys.experiment('run'), runRecordSchema, record);
  const batch = createSimulatedBatch(store, { milliseconds: 4, script });
  return { store, batch, record, trainers: (stop) => trainers({ store, batch, record }, stop) };
};

const until = async (holds: () => Promise<boolean>, stop: AbortSignal): Promise<boolean> => {
  while (!stop.aborted) {
    if (await holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return false;
};

const succeed = async ({ store, batch }: Omit<World, 'trainers'>, id: string): Promise<void> => {
  const body = (await store.get(parseS3Uri(batch.submissions[0]?.job ?? '').key))?.body;
  const document = JSON.parse(new TextDecoder().decode(body)) as JobDocument;
  await createDocument(store, keys.job('run', JOB_ID).result, programResultSchema, simulatedResult(document));
  batch.set(id, { status: 'SUCCEEDED', attempts: [exited(0)] });
};

const announce = (store: ObjectStore, epoch: number, batchJobId: string) =>
  createDocument(store, keys.notice('run', JOB_ID, epoch), reclaimNoticeSchema, {
    batchJobId,
    batchAttempt: 1,
    at: '2026-01-01T00:00:00Z',
  });

/**
 * A machine announces its end; the attempt leaves once the worker has decided to replace it, and the
 * replacement succeeds.
 */
const replaced = async (world: Omit<World, 'trainers'>, stop: AbortSignal): Promise<void> => {
  const { store, batch } = world;
  if (!(await until(async () => batch.submissions.length > 0, stop))) return;
  await announce(store, 1, 'job-1');
  const decided = async () => (await store.head(keys.job('run', JOB_ID).handover(1))) !== undefined;
  if (!(await until(decided, stop))) return;
  batch.set('job-1', { status: 'FAILED', attempts: [exited(EXIT_CODES.replaced)] });
  if (!(await until(async () => batch.submissions.length > 1, stop))) return;
  await succeed(world, 'job-2');
};

/**
 * As above, but the machine goes before the attempt has left: Batch starts another attempt of the old job.
 */
const gone = async (world: Omit<World, 'trainers'>, stop: AbortSignal): Promise<void> => {
  const { store, batch } = world;
  if (!(await until(async () => batch.submissions.length > 0, stop))) return;
  await announce(store, 1, 'job-1');
  if (!(await until(async () => batch.submissions.length > 1, stop))) return;
  batch.set('job-1', { status: 'RUNNABLE', attempts: [RECLAIMED] });
  if (!(await until(async () => batch.terminated.some(({ id }) => id === 'job-1'), stop))) return;
  await succeed(world, 'job-2');
};

const damaged = new TextEncoder().encode('{"kind":"search","candidates":[');

/** The first launch's result is damaged as soon as it is there. */
const damages = async ({ store, batch }: Omit<World, 'trainers'>, stop: AbortSignal): Promise<void> => {
  if (!(await until(async () => batch.submissions.length > 0, stop))) return;
  await store.put(keys.job('run', JOB_ID).result, damaged);
  batch.set('job-1', { status: 'SUCCEEDED', attempts: [exited(0)] });
  if (!(await until(async () => batch.submissions.length > 1, stop))) return;
  // What the trainer does, by compare-and-swap.
  const body = (await store.get(parseS3Uri(batch.submissions[0]?.job ?? '').key))?.body;
  const document = JSON.parse(new TextDecoder().decode(body)) as JobDocument;
  await writeResult(store, { runId: 'run', jobId: JOB_ID }, simulatedResult(document));
  batch.set('job-2', { status: 'SUCCEEDED', attempts: [exited(0)] });
};

describe.each<[string, () => Promise<World>, submitted: number]>([
  ['that succeeds', () => worldOf(() => ({ end: 'succeed', attempts: [RECLAIMED, exited(0)] })), 1],
  [
    'that is lost and launched again',
    () =>
      worldOf((_, launch) =>
        launch === 1 ? { end: 'fail', attempts: [exited(137)] } : { end: 'succeed', attempts: [exited(0)] },
      ),
    2,
  ],
  ['that fails for good', () => worldOf(() => ({ end: 'fail', attempts: [exited(66)] })), 1],
  ['with a head start', () => worldOf(() => ({ end: 'hang' }), replaced), 2],
  ['with a head start, whose machine goes first', () => worldOf(() => ({ end: 'hang' }), gone), 2],
  ['whose result is damaged', () => worldOf(() => ({ end: 'hang' }), damages), 2],
])('a job %s', (_, make, submitted) => {
  it('is the same wherever its worker is killed', { timeout: 120_000 }, async () => {
    const undisturbed = await make();
    const { report, tally } = await train(undisturbed);
    const content = await contentOf(undisturbed.store);
    expect(undisturbed.batch.submissions).toHaveLength(submitted);
    const events = await atEveryEvent(async (kill) => {
      const world = await make();
      const again = await train(world, kill);
      const where = `${kill.when} ${again.events[kill.event]}, event ${kill.event}`;
      expect(again.report, where).toEqual(report);
      expect(again.tally, where).toEqual(tally);
      // Every submission under a name of its own, none twice, and none is left.
      expect(
        world.batch.submissions.map(({ name }) => name),
        where,
      ).toEqual(undisturbed.batch.submissions.map(({ name }) => name));
      expect(world.batch.running(), where).toEqual([]);
      expect(await contentOf(world.store), where).toEqual(content);
      return again;
    });
    expect(events).toBeGreaterThan(8);
  });
});
