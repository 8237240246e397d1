import { sha256 } from '../../nas/core/hash.ts';
import { stageRecordSchema } from '../../nas/job/stage-record.ts';
import type { StageRecord } from '../../nas/job/stage-record.ts';
import type { ProgramResult } from '../../nas/job/program-result.ts';
import { scoreProblem } from '../../nas/job/score-problem.ts';
import type { JobResultSummary, PlannedJob } from '../../nas/job/job-report.ts';
import { latencyRecordSchema, timesTrials } from '../../nas/experiment/measures.ts';
import type { RunRecord, RunRef } from '../../nas/experiment/run-record.ts';
import type { StageName } from '../../nas/experiment/stage-name.ts';
import { findResult } from '../../store/job-results.ts';
import { keys } from '../../store/keys.ts';
import { findDocument } from '../../store/mendable-documents.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { findRunRecord } from '../../store/run-records.ts';
import { CorruptDocumentError } from '../../store/sealed-document.ts';
import { damagedStage, missingDocument, wrongRun } from '../failures.ts';

/** The run's record. Throws when the store holds another run under the name. */
export const readRun = async (store: ObjectStore, run: RunRef): Promise<RunRecord> => {
  const record = await findRunRecord(store, run.runId);
  if (record === undefined) throw missingDocument(store.uri(keys.experiment(run.runId)));
  if (record.experimentHash !== run.experimentHash)
    throw wrongRun(run.runId, run.experimentHash, record.experimentHash);
  return record;
};

export const readStage = async (
  store: ObjectStore,
  runId: string,
  stage: StageName,
): Promise<StageRecord> => {
  const found = await findDocument(store, keys.stageResult(runId, stage), stageRecordSchema);
  if (found.kind === 'intact') return found.value;
  throw damagedStage(
    stage,
    found.kind === 'damaged' ? found.problem : `${store.uri(keys.stageResult(runId, stage))}: missing`,
  );
};

/** A job's result with the reference that names its bytes. */
interface StoredResult {
  readonly result: ProgramResult;
  readonly uri: string;
  readonly sha256: string;
}

/**
 * What is at the place of a job's result; a damaged one counts for nothing but the word that is said of it.
 */
type LookedUpResult =
  | { readonly kind: 'absent' }
  | { readonly kind: 'intact'; readonly stored: StoredResult }
  | { readonly kind: 'damaged'; readonly problem: string };

export const lookUpResult = async (
  store: ObjectStore,
  runId: string,
  jobId: string,
): Promise<LookedUpResult> => {
  const found = await findResult(store, { runId, jobId });
  if (found.kind !== 'intact') return found;
  const uri = store.uri(keys.job(runId, jobId).result);
  return { kind: 'intact', stored: { result: found.value, uri, sha256: sha256(found.body) } };
};

/** The same, where its score is one that the metric of the run's task can give. */
export const lookUpScored = async (
  store: ObjectStore,
  { runId, experiment }: Pick<RunRecord, 'runId' | 'experiment'>,
  jobId: string,
): Promise<LookedUpResult> => {
  const found = await lookUpResult(store, runId, jobId);
  if (found.kind !== 'intact') return found;
  const problem = scoreProblem(experiment, found.stored.result);
  return problem === undefined ? found : { kind: 'damaged', problem: `${found.stored.uri}: ${problem}` };
};

/** As `lookUpScored`; of a trial that is to be timed the timing belongs to what it leaves. */
export const lookUpFinished = async (
  store: ObjectStore,
  run: RunRecord,
  job: PlannedJob,
): Promise<LookedUpResult> => {
  const { runId, experiment } = run;
  const found = await lookUpScored(store, run, job.jobId);
  if (found.kind !== 'intact' || job.kind !== 'trial' || !timesTrials(experiment)) return found;
  const key = keys.job(runId, job.jobId).latency;
  const timing = await findDocument(store, key, latencyRecordSchema);
  if (timing.kind === 'intact') return found;
  return {
    kind: 'damaged',
    problem:
      timing.kind === 'damaged'
        ? timing.problem
        : `${store.uri(key)}: missing, though the network was trained`,
  };
};

/** What histories and displays carry of a result. */
export const summarise = ({ result, uri, sha256 }: StoredResult): JobResultSummary => {
  if (result.kind === 'train')
    return {
      uri,
      sha256,
      genotype: result.genotype,
      accuracy: result.accuracy,
      scoredOn: result.evaluatedOn,
      cost: result.cost,
    };
  const best = result.candidates[0];
  if (best === undefined) throw new CorruptDocumentError(`${uri}: a search without candidates`);
  return {
    uri,
    sha256,
    genotype: best.genotype,
    accuracy: best.rescored ?? best.score,
    scoredOn: 'validation',
    cost: result.cost,
  };
};
