import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { runRecordSchema } from '../../../nas/experiment/run-record.ts';
import type { LaunchResult, ProtocolActivities } from '../../../activities/contract.ts';
import { createProtocolActivities } from '../../../activities/protocol-activities.ts';
import type { ExperimentInput } from '../../../nas/experiment/experiment.ts';
import type { JobReport, PlannedJob } from '../../../nas/job/job-report.ts';
import { EXIT_CODES } from '../../../nas/job/outcome.ts';
import type { StageName } from '../../../nas/experiment/stage-name.ts';
import { createDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { atEveryEvent, contentOf, throughKill } from '../../support/kill-points.ts';
import type { KillPoint } from '../../support/kill-points.ts';
import { launchDependencies } from '../../support/launch-dependencies.ts';
import { NO_LAUNCH, exited } from '../../support/launches.ts';
import { runRecordForTests, storeToyDataset } from '../../support/run-record.ts';
import { createSimulatedBatch } from '../../support/simulated-batch.ts';

type Change = Partial<ExperimentInput>;
/** Everything but what waits for Batch. */
type StageActivity = Exclude<
  keyof ReturnType<typeof createProtocolActivities>,
  'launchJob' | 'endLaunches' | 'searchByTrials' | 'steerSearch' | 'rehearseReclaim'
>;

const damaged = new TextEncoder().encode('{"version":1,"stage":"retrain-top","reports":[');

/**
 * What the workflows of a run do, over activities of which one is killed: its answers, and what it leaves in
 * the store. The jobs between them are never killed.
 */
const protocol = async (change: Change, damage: boolean, kill?: KillPoint) => {
  const store = createMemoryObjectStore();
  await storeToyDataset(store);
  const record = runRecordForTests('run', change);
  await createDocument(store, keys.experiment('run'), runRecordSchema, record);
  const batch = createSimulatedBatch(store, {
    milliseconds: 0,
    // One cell of the baseline cannot be trained.
    script: ({ jobId }) =>
      jobId.startsWith('stage-3/baseline/cell') && batch.launched.indexOf(jobId) % 2 === 0
        ? { end: 'fail', attempts: [exited(EXIT_CODES['invalid-architecture'])] }
        : undefined,
  });
  const run = { runId: 'run', experimentHash: record.experimentHash };
  const { launchJob } = createProtocolActivities(launchDependencies(store, batch, 1));
  const carryOut = (jobs: readonly PlannedJob[]): Promise<JobReport[]> =>
    Promise.all(
      jobs.map(async (job) => {
        const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
        const launch = environment.run(launchJob, { run, job, earlier: NO_LAUNCH }) as Promise<LaunchResult>;
        return (await launch).report;
      }),
    );
  const events: string[] = [];
  const answers: unknown[] = [];
  const call = async <Name extends StageActivity>(
    name: Name,
    input: Parameters<ProtocolActivities[Name]>[0],
  ): Promise<Awaited<ReturnType<ProtocolActivities[Name]>>> => {
    type Output = Awaited<ReturnType<ProtocolActivities[Name]>>;
    // An event of a later activity is one of the same run.
    const point = kill === undefined ? undefined : { ...kill, event: kill.event - events.length };
    const answer = await throughKill<Output>(
      { store, batch },
      point,
      (worker) =>
        createProtocolActivities(launchDependencies(worker.store, worker.batch, 1))[name] as (
          input: never,
        ) => Promise<Output>,
      input,
    );
    events.push(...answer.events.map((event) => `${name}: ${event}`));
    answers.push(answer.output);
    return answer.output;
  };
  const settle = async (stage: StageName, reports: readonly JobReport[]): Promise<void> => {
    if (damage) await store.put(keys.stageResult('run', stage), damaged);
    await call('settleStage', { run, stage, reports });
  };

  const searched = await carryOut(await call('planSearch', { run }));
  const gated = await carryOut(await call('planGate', { run, reports: searched }));
  if (gated.length > 0) await call('judgeGate', { run, reports: [...searched, ...gated] });
  await settle('proxy-search', [...searched, ...gated]);
  await settle('retrain-top', await carryOut(await call('planRetraining', { run })));
  const ended: JobReport[] = [];
  for (let more = true; more;) {
    const cells = await carryOut(await call('planBaseline', { run, ended }));
    ended.push(...cells);
    more = cells.length > 0;
  }
  const winner = await carryOut(await call('planWinner', { run }));
  const baseline = await carryOut(await call('planBaselineEvaluation', { run, ended }));
  await settle('evaluate', [...ended, ...winner, ...baseline]);
  const conclusion = await call('concludeRun', { run });
  return { events, answers, conclusion, content: await contentOf(store), launched: batch.launched };
};

const LIMITED: Change = {
  stages: {
    search: { seeds: [0, 1], objective: { limits: { parameters: { max: 400_000 } } } },
    retrain: { topK: 2 },
    evaluate: { seeds: [0, 1] },
  },
};

const SEARCHES: Change = {
  stages: {
    search: { seeds: [0, 1] },
    retrain: { topK: 2 },
    evaluate: { claim: 'search', seeds: [0, 1] },
  },
};

describe.each<[string, Change, damage: boolean]>([
  ['with a gate', { gate: { cells: 4, epochs: 1, topK: 3 } }, false],
  ['whose networks have limits', LIMITED, false],
  ['whose searches are compared one by one', SEARCHES, false],
  ['whose records are damaged', {}, true],
])('a run %s', (_, change, damage) => {
  it('is the same wherever a worker is killed between its jobs', { timeout: 240_000 }, async () => {
    const undisturbed = await protocol(change, damage);
    expect(undisturbed.conclusion.verdict).toBeDefined();
    const count = await atEveryEvent(async (kill) => {
      const again = await protocol(change, damage, kill);
      const where = `${kill.when} ${again.events[kill.event]}, event ${kill.event}`;
      expect(again.answers, where).toEqual(undisturbed.answers);
      expect(again.content, where).toEqual(undisturbed.content);
      expect([...again.launched].sort(), where).toEqual([...undisturbed.launched].sort());
      return again;
    });
    expect(count).toBe(undisturbed.events.length);
    expect(count).toBeGreaterThan(20);
  });
});
