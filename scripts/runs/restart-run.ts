import { isDeepStrictEqual } from 'node:util';
import { hostname, userInfo } from 'node:os';
import { WorkflowNotFoundError } from '@temporalio/client';
import { stringify } from 'yaml';
import { stageRecordSchema } from '../../nas/job/stage-record.ts';
import type { StageRecord } from '../../nas/job/stage-record.ts';
import type { Experiment } from '../../nas/experiment/experiment.ts';
import { claimOf, claiming } from '../../nas/experiment/claim.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import type { StageName } from '../../nas/experiment/stage-name.ts';
import type { AuditEntry, RunView } from '../../nas/protocol/run-view.ts';
import { asSettled } from '../../nas/experiment/settled-experiment.ts';
import { createDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { findDocument } from '../../store/mendable-documents.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Board, CarriedRun } from '../../workflows/contract.ts';
import { checkResources } from './check-resources.ts';
import { unknownRun } from './connect.ts';
import type { Session } from './connect.ts';
import { readRunRecord } from './control-run.ts';
import { findDataset } from './check-stored.ts';
import { checkRunId, runRecord } from './prepare-run.ts';
import type { RunOrigin } from './settle-origin.ts';
import { reserve, startRun } from './start-run.ts';

const STAGES = ['proxy-search', 'retrain-top', 'evaluate'] as const satisfies readonly StageName[];

/** Records of the stages that a run has settled, as far as there is no gap. */
const settledStages = async (store: ObjectStore, runId: string): Promise<StageRecord[]> => {
  const records: StageRecord[] = [];
  for (const stage of STAGES) {
    // One that is damaged is settled again: its jobs have their results and are not run again.
    const found = await findDocument(store, keys.stageResult(runId, stage), stageRecordSchema);
    if (found.kind !== 'intact') break;
    records.push(found.value);
  }
  return records;
};

/** The display of a run whose first stages are done. */
const carriedRun = (settled: readonly StageRecord[], audit: readonly AuditEntry[]): CarriedRun => {
  const board: Board = {
    status: 'running',
    stages: STAGES.map((name) => {
      const record = settled.find(({ stage }) => stage === name);
      return {
        name,
        status: record === undefined ? 'pending' : 'done',
        jobs: (record?.reports ?? []).map((report) => ({ job: report.job, status: 'running', report })),
      };
    }),
    audit,
  };
  const edits = Object.assign({}, ...audit.map((entry) => entry.edits ?? {})) as object;
  return {
    board,
    stagesDone: settled.length,
    ...(Object.keys(edits).length === 0
      ? {}
      : { control: { version: 1, edits, cancelled: [], retries: {} } }),
  };
};

const auditEntry = (action: 'retry' | 'fork', text: string): AuditEntry => ({
  at: new Date().toISOString(),
  by: `${userInfo().username}@${hostname()}`,
  action,
  text,
});

/**
 * Starts a run that failed or was cancelled again, under its own name: settled stages are taken over, jobs
 * that have a result are not run again, the others are launched anew and go on from their checkpoints. `note`
 * is added to the audit trail. Returns the retry's number.
 */
export const retryRun = async (session: Session, runId: string, note?: string): Promise<number> => {
  const { client, store, config } = session;
  const record = await readRunRecord(session, runId);
  const handle = client.workflow.getHandle(runId);
  const description = await handle.describe().catch(async (error: unknown) => {
    throw error instanceof WorkflowNotFoundError ? await unknownRun(client, runId) : error;
  });
  const status = description.status.name;
  if (status === 'RUNNING' || status === 'COMPLETED')
    throw inputError(
      'run',
      runId,
      'a run that failed or was cancelled',
      status === 'RUNNING'
        ? 'it is under way; nas retry RUN --job JOB puts a failed job back'
        : 'it is done; nas fork starts another one from its results',
    );
  const before = await handle.query<RunView>('progress');
  const settled = await settledStages(store, runId);
  const round = Number(description.memo?.['round'] ?? 1) + 1;
  const taken = `the run was ${before.status}; ${settled.length} stages are taken over`;
  const entry = auditEntry('retry', note === undefined ? taken : `${taken}; ${note}`);
  await startRun(client, store, {
    record,
    taskQueue: config.taskQueue,
    resumption: { carried: carriedRun(settled, [...(before.audit ?? []), entry]), round },
  });
  return round - 1;
};

/** The parts of an experiment that decide what the first stages find. */
const sharedPart = (experiment: Experiment, stages: number): unknown => {
  const { space, strategy, genotype, origin, gate, task, resources } = experiment;
  const { search, retrain } = experiment.stages;
  return {
    space,
    strategy,
    genotype,
    origin,
    gate,
    task,
    threads: resources.threads,
    search,
    ...(stages > 1 ? { retrain, claim: claimOf(experiment) } : {}),
  };
};

/**
 * Starts a new run that takes the stages before `fromStage` from another one. Their results are the same
 * objects by content; nothing of them is trained again. Throws `InputError` when an override changes what a
 * shared stage found.
 */
export const forkRun = async (
  session: Session,
  sourceId: string,
  options: {
    readonly fromStage: 2 | 3;
    readonly overrides: readonly string[];
    readonly name?: string;
    /** The fork is a run of its own: it is computed by the code of today. */
    readonly origin?: RunOrigin;
  },
): Promise<string> => {
  const { client, store, config } = session;
  const { fromStage, overrides } = options;
  const source = await readRunRecord(session, sourceId);
  // Runs of 0.1.0 do not say what they claim; what is taken over was made for it.
  const said = claiming(source.experiment, claimOf(source.experiment));
  const loaded = loadExperiment(stringify(said), { file: sourceId, overrides });
  const shared = fromStage - 1;
  if (!isDeepStrictEqual(sharedPart(loaded.experiment, shared), sharedPart(said, shared)))
    throw inputError(
      '--set',
      overrides,
      `fields that stage ${fromStage} and later ones read`,
      fromStage === 3
        ? 'fork from stage 2, or start a new run with nas run'
        : 'start a new run with nas run: the search itself would differ',
    );
  const settled = (await settledStages(store, sourceId)).slice(0, shared);
  if (settled.length < shared)
    throw inputError(
      '--from-stage',
      fromStage,
      `1 more than the ${settled.length} stages that ${sourceId} has done`,
      `nas status ${sourceId} shows how far it is`,
    );
  const now = new Date();
  const runId = checkRunId(
    options.name ?? `${sourceId}-fork-${now.toISOString().slice(11, 19).replaceAll(':', '')}`,
  );
  const gpuMemoryMiB = await checkResources(config, loaded);
  const dataset = await findDataset(store, loaded, gpuMemoryMiB);
  if (dataset.ref.sha256 !== source.dataset.manifest.sha256)
    throw inputError(
      'task.data',
      source.dataset.name,
      `the data set that ${sourceId} searched on`,
      'it was replaced; start a new run',
    );
  const record = runRecord(runId, asSettled(loaded.experiment), dataset, now, options.origin);
  // First the name: nothing may be written below that of another run.
  await reserve(store, record);
  const audit = [auditEntry('fork', `stages before ${fromStage} are those of run ${sourceId}`)];
  for (const stage of settled) {
    for (const { job, result } of stage.reports) {
      const stored = result === undefined ? undefined : await store.get(keys.job(sourceId, job.jobId).result);
      if (stored !== undefined) await store.putIfAbsent(keys.job(runId, job.jobId).result, stored.body);
    }
    await createDocument(store, keys.stageResult(runId, stage.stage), stageRecordSchema, stage);
  }
  await startRun(client, store, {
    record,
    taskQueue: config.taskQueue,
    resumption: { carried: carriedRun(settled, audit), round: 1 },
  });
  return runId;
};
