import { Context } from '@temporalio/activity';
import { classifyAttempt } from '../../nas/job/classify.ts';
import type { AttemptEnd } from '../../nas/job/classify.ts';
import { attemptRecordSchema } from '../../nas/job/attempt-record.ts';
import type { JobReport } from '../../nas/job/job-report.ts';
import type { Outcome } from '../../nas/job/outcome.ts';
import { relaunchAfter } from '../../nas/job/relaunch.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { readHint } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { awaitLaunch } from './await-launch.ts';
import type { LaunchHeartbeat, LaunchHost } from './await-launch.ts';
import type { BatchJob } from '../batch/batch-jobs.ts';
import type { LaunchInput, LaunchResult, LaunchTally } from '../contract.ts';
import { recordCrash } from './crash-record.ts';
import type { Dependencies } from '../dependencies.ts';
import { spentBefore, withAttempts } from './launch-tally.ts';
import { lookUpFinished, readRun, summarise } from '../documents/run-documents.ts';
import { findOrSubmit, nameOf, queueOf } from './submit-launch.ts';
import { tellWaiting } from './tell-waiting.ts';

interface LastWords {
  readonly outcome?: string;
  readonly error?: string;
}

/** What the newest attempt of the Batch job said of itself. */
const readLastWords = async (
  { store }: Dependencies,
  input: LaunchInput,
  batchJobId: string,
): Promise<LastWords> => {
  let newest: LastWords = {};
  for await (const { key } of store.list(keys.job(input.run.runId, input.job.jobId).attempts)) {
    const record = await readHint(store, key, attemptRecordSchema);
    if (record?.batchJobId === batchJobId) newest = record;
  }
  return newest;
};

const explain = (end: AttemptEnd, words: LastWords): string =>
  [
    words.error,
    end.statusReason,
    end.containerReason,
    end.exitCode === undefined ? undefined : `exit code ${end.exitCode}`,
  ]
    .filter((part) => part !== undefined && part !== '')
    .join('; ');

/**
 * One launch of a job: submits it, waits for its end and says what became of it. `beat` is what an earlier
 * attempt at the same launch has left.
 */
export const createLaunch =
  (deps: Dependencies) =>
  async (
    run: RunRecord,
    input: LaunchInput,
    host: LaunchHost,
    beat?: LaunchHeartbeat,
  ): Promise<LaunchResult> => {
    const { job, earlier } = input;

    const finish = async (
      batchJob: BatchJob | undefined,
      replaced: readonly BatchJob[],
      batchJobId: string | undefined,
    ): Promise<LaunchResult> => {
      const found = await lookUpFinished(deps.store, run, job);
      const result = found.kind === 'intact' ? found.stored : undefined;
      const words = batchJobId === undefined ? {} : await readLastWords(deps, input, batchJobId);
      const last = batchJob?.attempts.at(-1);
      const attempts = [...replaced.flatMap((job) => job.attempts), ...(batchJob?.attempts ?? [])];
      const end: AttemptEnd = {
        exitCode: last?.exitCode,
        statusReason: batchJob === undefined ? undefined : (batchJob.statusReason ?? last?.statusReason),
        containerReason: last?.containerReason,
        ended: batchJob?.ended,
        lastWords: words.outcome,
      };
      // A result is the proof of success, however its process ended afterwards; nothing else is.
      const claimed = classifyAttempt(end);
      const outcome: Outcome =
        result !== undefined ? 'succeeded' : claimed === 'succeeded' ? 'lost' : claimed;
      const own = [batchJob?.id, ...replaced.map(({ id }) => id)].filter((id) => id !== undefined);
      const spent = withAttempts(await spentBefore(deps, input, own), attempts);
      const crash =
        outcome === 'crashed' && batchJobId !== undefined
          ? await recordCrash(deps.store, { runId: run.runId, jobId: job.jobId }, batchJobId, last ?? {})
          : undefined;
      const crashes = [...(earlier.crashes ?? []), ...(crash === undefined ? [] : [crash.place])];
      const tally: LaunchTally = {
        ...spent,
        outcomes: [...earlier.outcomes, outcome],
        ...(crashes.length > 0 && { crashes }),
      };
      const error = (): string => {
        if (batchJob === undefined) return 'Batch does not know the job any more';
        if (crash === undefined) return explain(end, words);
        return crashes.length === 1 ? crash.text : `crashed ${crashes.length} times, now: ${crash.text}`;
      };
      const report: JobReport = {
        job,
        outcome,
        attempts: tally.attempts,
        reclaims: tally.reclaims,
        seconds: tally.seconds,
        dollars: (tally.seconds / 3600) * run.experiment.resources.spotDollarsPerHour,
        ...(result === undefined
          ? { error: [...(found.kind === 'damaged' ? [found.problem] : []), error()].join('; ') }
          : { result: summarise(result) }),
      };
      const relaunch = relaunchAfter(earlier.outcomes, outcome, crashes);
      return { report, tally, ...(relaunch === undefined ? {} : { relaunch }) };
    };

    const name = nameOf(run, input);
    if (beat === undefined && (await lookUpFinished(deps.store, run, job)).kind === 'intact') {
      const [known] = await deps.batch.find(queueOf(deps, run), name);
      // A result that an earlier launch or another run wrote; nothing is left to do.
      if (known === undefined) return finish(undefined, [], undefined);
    }
    const { attempts } = run.experiment.resources;
    const { newest, replaced, batchJobId } = await awaitLaunch(
      deps,
      run,
      input,
      beat ?? { batchJobId: await findOrSubmit(deps, run, input, { name, attempts }) },
      host,
    );
    return finish(newest, replaced, batchJobId);
  };

/** `launchJob` of `ProtocolActivities`. */
export const createLaunchJob = (deps: Dependencies) => {
  const launch = createLaunch(deps);
  return async (input: LaunchInput): Promise<LaunchResult> => {
    const context = Context.current();
    const host = {
      signal: context.cancellationSignal,
      heartbeat: (details: LaunchHeartbeat) => context.heartbeat(details),
      waits: tellWaiting(deps, input.run.runId, input.job.jobId),
    };
    const beat = context.info.heartbeatDetails as LaunchHeartbeat | undefined;
    return launch(await readRun(deps.store, input.run), input, host, beat);
  };
};
