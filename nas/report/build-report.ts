import { max, min } from 'simple-statistics';
import type { DatasetManifest } from '../task/manifest.ts';
import { reportedData } from '../task/task.ts';
import type { StageRecord } from '../job/stage-record.ts';
import type { AttemptRecord } from '../job/attempt-record.ts';
import type { ProgramResult, SearchResult, TrainResult } from '../job/program-result.ts';
import type { RunRecord } from '../experiment/run-record.ts';
import { withRecordedAttempts } from '../protocol/recorded-attempts.ts';
import type { JobView, RunView, StageView } from '../protocol/run-view.ts';
import { searchOfTrial } from '../job/trial-job-id.ts';
import type { LoggedTrial } from '../search/trial-log.ts';
import { kendallTau } from '../protocol/statistics.ts';
import type { ReceiptReport } from './receipt-report.ts';
import { histogramOf } from './histogram.ts';
import { searchTrials } from './search-trials.ts';
import type {
  AttemptReport,
  EvaluationReport,
  FailureReport,
  ProxyFidelity,
  RetrainingReport,
  RunReport,
  SearchReport,
  StageSpending,
  TrainedReport,
} from './run-report.ts';

/** What a run left in the store, read once. */
export interface RunDocuments {
  readonly run: RunRecord;
  readonly view: RunView;
  readonly dataset?: DatasetManifest;
  /** Stages that ended. */
  readonly stages: readonly StageRecord[];
  /** By job id; a job without a result or attempts is absent from the map. */
  readonly results: Readonly<Record<string, ProgramResult>>;
  /** Of the jobs of trials too. */
  readonly attempts: Readonly<Record<string, readonly AttemptRecord[]>>;
  /** By the job id of their search; a search without trials is absent. */
  readonly trials: Readonly<Record<string, readonly LoggedTrial[]>>;
  /** Networks that were timed, by the device that did. */
  readonly timedOn: Readonly<Record<string, number>>;
  /** The best score in the table, where stage 1 looks trials up in one. */
  readonly tableBest?: number;
  /** Of the run's experiment, whichever run made them. */
  readonly receipts: readonly ReceiptReport[];
  /** Documents that cannot be used and are left out, with what is wrong with them. */
  readonly damaged?: readonly string[];
  readonly software: Readonly<Record<string, string>>;
}

/** Best candidates that a report lists with their genotypes; the score of all others is in the histogram. */
const LISTED = 10;
/** Rice's rule. */
const bins = (count: number): number => Math.ceil(2 * Math.cbrt(count));

const seconds = (attempt: AttemptRecord): number =>
  attempt.endedAt === undefined ? 0 : (Date.parse(attempt.endedAt) - Date.parse(attempt.startedAt)) / 1000;

const searchReport = (
  job: JobView,
  result: SearchResult,
  trials: readonly LoggedTrial[] | undefined,
): SearchReport => ({
  jobId: job.jobId,
  seed: job.seed,
  curve: result.curve,
  candidates: result.candidates.length,
  scores: histogramOf(
    result.candidates.map(({ score }) => score),
    bins(result.candidates.length),
  ),
  best: result.candidates.slice(0, LISTED),
  ...(trials === undefined ? {} : { trials: searchTrials(trials, result) }),
  cost: result.cost,
  weightsSha256: result.weightsSha256,
});

const trainedReport = (job: JobView, result: TrainResult): TrainedReport => ({
  jobId: job.jobId,
  seed: job.seed,
  genotype: result.genotype,
  accuracy: result.accuracy,
  loss: result.loss,
  curve: result.curve,
  parameters: result.parameters,
  multiplyAdds: result.multiplyAdds,
  ...(result.activationBytes === undefined ? {} : { activationBytes: result.activationBytes }),
  cost: result.cost,
  weightsSha256: result.weightsSha256,
});

/**
 * Where stage 1 ranked a cell highest: the lowest rank over all seeds, or in the one that it is retrained
 * for, then the higher score.
 */
const proxyOf = (
  genotype: string,
  searches: readonly { readonly seed: number; readonly result: SearchResult }[],
  search: number | undefined,
): RetrainingReport['proxy'] =>
  searches
    .filter(({ seed }) => search === undefined || seed === search)
    .flatMap(({ seed, result }) => {
      const at = result.candidates.findIndex((candidate) => candidate.genotype === genotype);
      const candidate = result.candidates[at];
      return candidate === undefined
        ? []
        : [{ searchSeed: seed, rank: at + 1, score: candidate.rescored ?? candidate.score }];
    })
    .sort((a, b) => a.rank - b.rank || b.score - a.score)[0];

const fidelityOf = (retrainings: readonly RetrainingReport[]): ProxyFidelity => {
  const points = retrainings.flatMap(({ jobId, proxy, accuracy }) =>
    proxy === undefined ? [] : [{ jobId, searchSeed: proxy.searchSeed, score: proxy.score, accuracy }],
  );
  return {
    points,
    correlation: kendallTau(
      points.map(({ score }) => score),
      points.map(({ accuracy }) => accuracy),
    ),
  };
};

/** A failed job with its last words: Batch's account of it, else what its last attempt said. */
const failureOf = (
  { jobId, outcome, attempts }: JobView,
  { stages, attempts: recorded }: RunDocuments,
): FailureReport[] => {
  if (outcome === undefined || outcome === 'succeeded') return [];
  const report = stages.flatMap(({ reports }) => reports).find(({ job }) => job.jobId === jobId);
  const error = report?.error ?? recorded[jobId]?.at(-1)?.error;
  return [{ jobId, outcome, attempts, ...(error === undefined ? {} : { error }) }];
};

const spendingOf = (
  stage: StageView,
  record: StageRecord | undefined,
  attempts: readonly AttemptRecord[],
  results: readonly ProgramResult[],
  prices: RunRecord['experiment']['resources'],
): StageSpending => {
  const total = (of: (job: JobView) => number): number => stage.jobs.reduce((sum, job) => sum + of(job), 0);
  const begins = attempts.map((attempt) => Date.parse(attempt.startedAt));
  const ends = attempts.flatMap(({ endedAt }) => (endedAt === undefined ? [] : [Date.parse(endedAt)]));
  // Batch's own account of a stage that ended; until then, what the attempts said of themselves.
  const machineSeconds =
    record === undefined
      ? attempts.reduce((sum, attempt) => sum + seconds(attempt), 0)
      : record.reports.reduce((sum, report) => sum + report.seconds, 0);
  const hours = machineSeconds / 3600;
  return {
    stage: stage.name,
    jobs: stage.jobs.length,
    attempts: total((job) => job.attempts),
    reclaims: total((job) => job.reclaims),
    ...(ends.length === 0 ? {} : { wallSeconds: Math.max(0, max(ends) - min(begins)) / 1000 }),
    machineSeconds,
    dollars: hours * prices.spotDollarsPerHour,
    onDemandDollars: hours * prices.onDemandDollarsPerHour,
    multiplyAdds: results.reduce((sum, { cost }) => sum + cost.multiplyAdds, 0),
    images: results.reduce((sum, { cost }) => sum + cost.images, 0),
  };
};

const byBegin = (a: AttemptRecord, b: AttemptRecord): number =>
  a.startedAt === b.startedAt
    ? a.jobId.localeCompare(b.jobId) || a.epoch - b.epoch
    : a.startedAt < b.startedAt
      ? -1
      : 1;

/** The report of a run from what it left in the store. */
export const buildReport = (documents: RunDocuments): RunReport => {
  const { run, dataset } = documents;
  const recorded = Object.values(documents.attempts).flat();
  const view = {
    ...documents.view,
    stages: documents.view.stages.map((stage) => ({
      ...stage,
      jobs: stage.jobs.map((job) => withRecordedAttempts(job, recorded)),
    })),
  };
  const jobs = view.stages.flatMap((stage) => stage.jobs.map((job) => ({ stage: stage.name, job })));
  const withResult = jobs.flatMap(({ job }) => {
    const result = documents.results[job.jobId];
    return result === undefined ? [] : [{ job, result }];
  });
  const searches = withResult.flatMap(({ job, result }) =>
    result.kind === 'search' ? [{ job, result }] : [],
  );
  const trained = withResult.flatMap(({ job, result }) => (result.kind === 'train' ? [{ job, result }] : []));
  const ranked = searches.map(({ job, result }) => ({ seed: job.seed, result }));

  const retrainings = trained
    .filter(({ job }) => job.kind === 'retrain' || job.kind === 'baseline')
    .map(({ job, result }): RetrainingReport => {
      const proxy = proxyOf(result.genotype, ranked, job.search);
      const bySearch = job.kind === 'retrain';
      return {
        ...trainedReport(job, result),
        by: bySearch ? 'winner' : 'baseline',
        ...(job.search === undefined ? {} : { search: job.search }),
        ...(bySearch && proxy !== undefined ? { proxy } : {}),
      };
    })
    .sort((a, b) => b.accuracy - a.accuracy);
  const evaluations = trained
    .filter(({ result }) => result.evaluatedOn === 'test')
    .map(({ job, result }): EvaluationReport => ({
      ...trainedReport(job, result),
      contender: job.contender ?? 'baseline',
      ...(job.search === undefined ? {} : { search: job.search }),
      ...(result.specimen === undefined ? {} : { specimen: result.specimen }),
    }));

  const stageOf = new Map(jobs.map(({ stage, job }) => [job.jobId, stage]));
  const attempts = Object.entries(documents.attempts)
    .flatMap(([jobId, tried]) => {
      const stage = stageOf.get(searchOfTrial(jobId) ?? jobId);
      return stage === undefined ? [] : tried.map((attempt): AttemptReport => ({ ...attempt, stage }));
    })
    .sort(byBegin);
  const endedAt = attempts
    .flatMap((attempt) => attempt.endedAt ?? [])
    .sort()
    .at(-1);

  return {
    ...view,
    version: 1,
    provenance: {
      experimentHash: run.experimentHash,
      createdAt: run.createdAt,
      ...(endedAt === undefined ? {} : { endedAt }),
      datasetManifestSha256: run.dataset.manifest.sha256,
      software: documents.software,
    },
    configuration: run.experiment,
    ...(dataset === undefined ? {} : { data: reportedData(dataset) }),
    searches: searches.map(({ job, result }) => searchReport(job, result, documents.trials[job.jobId])),
    ...(Object.keys(documents.timedOn).length === 0 ? {} : { timedOn: documents.timedOn }),
    ...(documents.damaged === undefined ? {} : { damaged: documents.damaged }),
    ...(documents.tableBest === undefined ? {} : { tableBest: documents.tableBest }),
    retrainings,
    proxyFidelity: fidelityOf(retrainings),
    evaluations,
    failures: jobs.flatMap(({ job }) => failureOf(job, documents)),
    receipts: [...documents.receipts].sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1)),
    spending: view.stages.map((stage) =>
      spendingOf(
        stage,
        documents.stages.find((record) => record.stage === stage.name),
        attempts.filter((attempt) => attempt.stage === stage.name),
        withResult.filter(({ job }) => stageOf.get(job.jobId) === stage.name).map(({ result }) => result),
        run.experiment.resources,
      ),
    ),
    attempts,
  };
};
