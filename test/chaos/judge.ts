import { setTimeout as sleep } from 'node:timers/promises';
import { createAwsBatchJobs } from '../../activities/batch/aws-batch-jobs.ts';
import { createLiveRuns } from '../../activities/reconcile/live-runs.ts';
import { reconcile } from '../../activities/reconcile/reconcile.ts';
import { findDeployment } from '../../activities/batch/find-deployment.ts';
import { listUnfinishedJobs } from '../../activities/reconcile/unfinished-jobs.ts';
import { attemptRecordSchema } from '../../nas/job/attempt-record.ts';
import type { AttemptRecord } from '../../nas/job/attempt-record.ts';
import type { RunView } from '../../nas/protocol/run-view.ts';
import { readDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { CorruptDocumentError } from '../../store/sealed-document.ts';
import type { Faults } from './faults.ts';
import type { DisturbedRun } from './soak.ts';
import type { ChaosStack } from './stack.ts';

/** What broke, by promise; every list empty when all were kept. */
interface Broken {
  /** Results whose bytes differ from the undisturbed twin's. */
  readonly changed: readonly string[];
  /** Runs that failed, and jobs of the twin without a result. */
  readonly lost: readonly string[];
  /** Jobs that count more than once, or that the twin does not have. */
  readonly doubled: readonly string[];
  /** Checkpoints acknowledged although their writer's lease was over. */
  readonly zombieWrites: readonly string[];
  /** Turned bits that no restore reported. */
  readonly undetected: readonly string[];
  /** Batch jobs, processes and leases that outlive their run. */
  readonly orphans: readonly string[];
  readonly uploads: readonly string[];
}

export interface ChaosReport {
  readonly seed: number;
  /** The whole soak, twins and the runs' last steps included. */
  readonly seconds: number;
  readonly passed: boolean;
  readonly broken: Broken;
  /** Faults injected, by kind; those of the proxies count every answer they spoilt. */
  readonly injected: Readonly<Record<string, number>>;
  readonly faults: number;
  /** Of those, answers that a proxy spoilt. */
  readonly spoiltAnswers: number;
  readonly kinds: number;
  readonly runs: number;
  readonly trials: number;
  readonly attempts: number;
  /** Attempts that went on from a checkpoint. */
  readonly resumed: number;
  /** Attempts that wrote a checkpoint and left on a notice. */
  readonly preempted: number;
  /**
   * Attempts that walked back over a damaged checkpoint, and turned bits that nobody had to read any more.
   */
  readonly walkedBack: number;
  readonly unreadFlips: number;
  readonly refusedZombieWrites: number;
  /** Damaged documents that were written anew; the others a report names. */
  readonly damaged: number;
  readonly mended: number;
}

const jobsOf = (view: RunView) => view.stages.flatMap((stage) => stage.jobs);

const viewOf = (stack: ChaosStack, runId: string): Promise<RunView> =>
  stack.withClient((client) => client.workflow.getHandle(runId).query<RunView>('progress'));

/** Every result that a run left, trials included, by job; of one that cannot be read the word for it. */
const resultsOf = async (stack: ChaosStack, runId: string): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>();
  const prefix = keys.jobs(runId);
  for await (const { key } of stack.store.list(prefix))
    if (key.endsWith('/result.json'))
      found.set(
        key.slice(prefix.length, -'/result.json'.length),
        (await isReadable(stack, key))
          ? new TextDecoder().decode((await stack.store.get(key))?.body)
          : 'damaged',
      );
  return found;
};

const attemptsOf = async (stack: ChaosStack, runId: string, jobId: string): Promise<AttemptRecord[]> => {
  const found: AttemptRecord[] = [];
  for await (const { key } of stack.store.list(keys.job(runId, jobId).attempts))
    found.push(
      ...[await readDocument(stack.store, key, attemptRecordSchema)].flatMap((record) => record ?? []),
    );
  return found;
};

/** Compares every run with its twin and looks for what must not be there. */
export const judge = async (
  stack: ChaosStack,
  faults: Faults,
  runs: readonly DisturbedRun[],
  { seed, seconds }: Pick<ChaosReport, 'seed' | 'seconds'>,
): Promise<ChaosReport> => {
  /** A result that was damaged after its run had last read it, and that the run's report names. */
  const reports = await damageTold(stack, runs);
  const isTold = (runId: string, jobId: string): boolean => reports.includes(keys.job(runId, jobId).result);
  const changed: string[] = [];
  const lost: string[] = [];
  const doubled: string[] = [];
  const attempts: AttemptRecord[] = [];
  let trials = 0;
  let refusedZombieWrites = 0;
  for (const { runId, twin: twinId } of runs) {
    const view = await viewOf(stack, runId);
    if (view.status !== 'done') lost.push(`${runId}: ${view.status} ${view.error ?? ''}`);
    const shown = jobsOf(view).map(({ jobId }) => jobId);
    doubled.push(
      ...shown.filter((jobId, i) => shown.indexOf(jobId) !== i).map((jobId) => `${runId}/${jobId}`),
    );
    const twin = await resultsOf(stack, twinId);
    const results = await resultsOf(stack, runId);
    for (const [jobId, expected] of twin) {
      const result = results.get(jobId);
      if (result === undefined) lost.push(`${runId}/${jobId}`);
      else if (result !== expected && !isTold(runId, jobId)) changed.push(`${runId}/${jobId}`);
      attempts.push(...(await attemptsOf(stack, runId, jobId)));
      for await (const _ of stack.store.list(keys.job(runId, jobId).refusals)) refusedZombieWrites++;
    }
    doubled.push(
      ...[...results.keys()].filter((jobId) => !twin.has(jobId)).map((jobId) => `${runId}/${jobId}`),
    );
    trials += twin.size;
  }

  const undetected: string[] = [];
  for (const { job, key, checkpoint, epoch, unread } of faults.flips) {
    const later = (await attemptsOf(stack, job.runId, job.jobId)).filter((attempt) => attempt.epoch > epoch);
    const reasons = later.flatMap(({ walkedBack = [] }) => walkedBack);
    // Of a checkpoint that was hit twice before anybody read it, the first damage found is the one told.
    const told = faults.flips.some(
      (flip) => flip.checkpoint === checkpoint && reasons.some((reason) => reason.includes(flip.key)),
    );
    if (!unread && !told) undetected.push(key);
  }

  // Each damaged document was written anew, or the report of its run says that it is damaged.
  let mended = 0;
  for (const key of faults.damaged)
    if (await isReadable(stack, key)) mended++;
    else if (!reports.includes(key)) undetected.push(key);

  const { orphans, uploads } = await leftovers(stack);
  const zombieWrites = faults.fences.flatMap(({ late }) => late);
  const broken = { changed, lost, doubled, zombieWrites, undetected, orphans, uploads };
  const direct = faults.injections.map(({ fault }) => fault).filter((fault) => !fault.endsWith('-proxy'));
  const spoilt = (['s3', 'batch'] as const).flatMap((which) =>
    stack.proxies[which].injected.map(({ fault }) => `${which}-${fault}`),
  );
  const injected: Record<string, number> = {};
  for (const name of [...direct, ...spoilt]) injected[name] = (injected[name] ?? 0) + 1;
  return {
    seed,
    seconds: Math.round(seconds),
    passed: Object.values(broken).every((list) => list.length === 0),
    broken,
    injected,
    faults: direct.length + spoilt.length,
    spoiltAnswers: spoilt.length,
    kinds: Object.keys(injected).length,
    runs: runs.length,
    trials,
    attempts: attempts.length,
    resumed: attempts.filter(({ fromStep }) => fromStep > 0).length,
    preempted: attempts.filter(({ outcome }) => outcome === 'preempted').length,
    walkedBack: attempts.filter(({ walkedBack }) => (walkedBack ?? []).length > 0).length,
    unreadFlips: faults.flips.filter(({ unread }) => unread).length,
    refusedZombieWrites,
    damaged: faults.damaged.length,
    mended,
  };
};

const isReadable = async (stack: ChaosStack, key: string): Promise<boolean> => {
  try {
    return (await stack.store.get(key)) !== undefined;
  } catch (error) {
    if (error instanceof CorruptDocumentError) return false;
    throw error;
  }
};

/** What the reports of the runs say is damaged. */
const damageTold = async (stack: ChaosStack, runs: readonly DisturbedRun[]): Promise<string> => {
  const found: string[] = [];
  for (const { runId } of runs)
    found.push(new TextDecoder().decode((await stack.store.get(keys.report(runId, 'report.json')))?.body));
  return found.join('\n');
};

/** What the runs have left behind: nothing, once the last processes had a moment to end. */
const leftovers = async (stack: ChaosStack): Promise<{ orphans: string[]; uploads: string[] }> => {
  for (let i = 0; i < 100 && stack.survivors().length > 0; i++) await sleep(200);
  const now = Date.now();
  const report = await stack.withClient(async (temporal) =>
    reconcile(
      {
        store: stack.store,
        live: createLiveRuns(temporal),
        deployment: await findDeployment(temporal, stack.stack.config.bucket),
        unfinished: () => listUnfinishedJobs(stack.batch, stack.store, [stack.stack.config.queue], now),
        terminate: createAwsBatchJobs(stack.batch).terminate,
      },
      { now, dryRun: true },
    ),
  );
  return {
    orphans: [
      ...report.jobs.map((job) => `Batch job ${job.batchJobId} of ${job.runId}/${job.jobId}: ${job.status}`),
      ...report.leases
        .filter(({ state }) => state !== 'done')
        .map((lease) => `lease ${lease.runId}/${lease.jobId}: ${lease.proof}`),
      ...stack.survivors().map(({ pid, batchJobId }) => `process ${pid} of Batch job ${batchJobId}`),
    ],
    uploads: report.uploads.map(({ key }) => key),
  };
};
