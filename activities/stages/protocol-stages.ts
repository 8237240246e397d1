import { taskOf } from '../../nas/task/tasks.ts';
import { claimOf } from '../../nas/experiment/claim.ts';
import { withEdits } from '../../nas/experiment/edits.ts';
import { givenCell } from '../../nas/experiment/given-cell.ts';
import { isGiven } from '../../nas/search/given.ts';
import { InputError } from '../../nas/core/input-error.ts';
import type { JobReport, PlannedJob } from '../../nas/job/job-report.ts';
import { stageRecordSchema } from '../../nas/job/stage-record.ts';
import type { StageRecord } from '../../nas/job/stage-record.ts';
import { evaluateJobs, gateJobs, retrainJobs, searchJobs } from '../../nas/protocol/plan.ts';
import type { Contender } from '../../nas/job/job-report.ts';
import { judgeGate, sampleForGate } from '../../nas/protocol/proxy-gate.ts';
import type { GateCell } from '../../nas/protocol/proxy-gate.ts';
import type { RunRecord, RunRef } from '../../nas/experiment/run-record.ts';
import type { GateView } from '../../nas/protocol/run-view.ts';
import type { Experiment } from '../../nas/experiment/experiment.ts';
import { spaceOf } from '../../nas/space/spaces.ts';
import {
  comparedSearches,
  rankByValidation,
  selectBySearch,
  selectForRetraining,
  trainedCells,
} from '../../nas/protocol/stages.ts';
import type { SearchSeed } from '../../nas/protocol/stages.ts';
import { metricOf } from '../../nas/task/terms.ts';
import { budgetOf, paidFor } from '../../nas/protocol/budget.ts';
import { conclude } from '../../nas/protocol/conclusion.ts';
import { keys } from '../../store/keys.ts';
import { createOrMend } from '../../store/mendable-documents.ts';
import type { Conclusion, PlanInput, ProtocolActivities } from '../contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { damagedResult, nothingLeft } from '../failures.ts';
import { createPlanBaseline } from './plan-baseline.ts';
import { plannedCost } from './planned-cost.ts';
import { readRunDataset } from '../run-dataset.ts';
import { networkCounts } from '../search/network-counts.ts';
import { lookUpResult, readRun, readStage } from '../documents/run-documents.ts';

type StageActivities = Pick<
  ProtocolActivities,
  | 'planSearch'
  | 'planRetraining'
  | 'planGate'
  | 'judgeGate'
  | 'planBaseline'
  | 'planWinner'
  | 'planBaselineEvaluation'
  | 'settleStage'
  | 'concludeRun'
>;

const failures = (reports: readonly JobReport[]): string[] =>
  reports.flatMap(({ job, outcome, error }) =>
    outcome === 'succeeded' ? [] : [`${job.jobId}: ${outcome}${error === undefined ? '' : ` (${error})`}`],
  );

/** The stage rules as activities: they read what the jobs left in the store and decide what comes next. */
export const createStageActivities = (deps: Dependencies): StageActivities => {
  const { store } = deps;

  /** The run with its experiment as edits have left it. */
  const plannedRun = async ({ run: ref, edits }: PlanInput): Promise<RunRecord> => {
    const run = await readRun(store, ref);
    return { ...run, experiment: withEdits(run.experiment, edits) };
  };

  const searchSeed = async (run: RunRef, { job }: JobReport): Promise<SearchSeed> => {
    const found = await lookUpResult(store, run.runId, job.jobId);
    if (found.kind === 'damaged') throw damagedResult(job, found.problem);
    if (found.kind === 'absent')
      throw damagedResult(job, `${store.uri(keys.job(run.runId, job.jobId).result)}: missing`);
    const { stored } = found;
    if (stored.result.kind !== 'search') throw new InputError(`${stored.uri}: is not the result of a search`);
    return { seed: job.seed, candidates: stored.result.candidates };
  };

  /** The searches that succeeded, in order of their jobs. */
  const searchSeeds = (run: RunRef, reports: readonly JobReport[]): Promise<SearchSeed[]> =>
    Promise.all(
      reports
        .filter(({ job, result }) => job.kind === 'search' && result !== undefined)
        .sort((a, b) => a.job.seed - b.job.seed)
        .map((report) => searchSeed(run, report)),
    );

  const gateSample = async (
    ref: RunRef,
    experiment: Experiment,
    reports: readonly JobReport[],
  ): Promise<readonly GateCell[]> =>
    experiment.gate === undefined
      ? []
      : sampleForGate(await searchSeeds(ref, reports), experiment.gate.cells, spaceOf(experiment.space).hash);

  /** The gate's judgement, from the reports of stage 1. */
  const judged = async (ref: RunRef, run: RunRecord, reports: readonly JobReport[]): Promise<GateView> => {
    const { experiment } = run;
    const dataset = await readRunDataset(store, run);
    const parts = taskOf(experiment.task.kind).parts(dataset, experiment.task);
    const count = networkCounts(deps, run, dataset);
    return judgeGate(experiment, parts, count, await gateSample(ref, experiment, reports), reports);
  };

  /** Jobs for the best of some trained cells; of each search where they are compared one by one. */
  const evaluationOf = (
    { experiment }: RunRecord,
    who: Contender,
    reports: readonly JobReport[],
  ): PlannedJob[] => {
    const searches = claimOf(experiment) === 'search' ? comparedSearches(reports) : [undefined];
    const jobs = searches.flatMap((search) => {
      const best = rankByValidation(trainedCells(reports, search))[0];
      return best === undefined ? [] : evaluateJobs(experiment, who, best.genotype, search);
    });
    if (jobs.length === 0) throw nothingLeft(`stage 3, ${who}`, failures(reports));
    return jobs;
  };

  return {
    planSearch: async (input) => searchJobs((await plannedRun(input)).experiment),

    planRetraining: async (input) => {
      const { run: ref } = input;
      const run = await plannedRun(input);
      const { experiment } = run;
      if (isGiven(experiment.strategy))
        return retrainJobs(experiment, [givenCell(experiment)].slice(0, experiment.stages.retrain.topK));
      const { reports } = await readStage(store, ref.runId, 'proxy-search');
      const seeds = await searchSeeds(ref, reports);
      const gate = experiment.gate && (await judged(ref, run, reports));
      const topK = input.edits?.topK ?? gate?.topK ?? experiment.stages.retrain.topK;
      const { hash } = spaceOf(experiment.space);
      if (claimOf(experiment) === 'cell')
        return retrainJobs(experiment, selectForRetraining(seeds, topK, hash));
      const planned = experiment.stages.search.seeds;
      return selectBySearch(seeds, { topK, planned }, hash).flatMap(({ search, cells }) =>
        retrainJobs(experiment, cells, search),
      );
    },

    planGate: async ({ run: ref, reports }) => {
      const { experiment } = await readRun(store, ref);
      return gateJobs(experiment, await gateSample(ref, experiment, reports));
    },

    judgeGate: async ({ run: ref, reports }) => judged(ref, await readRun(store, ref), reports),

    planBaseline: createPlanBaseline(deps),

    planWinner: async (input) => {
      const run = await plannedRun(input);
      const { reports } = await readStage(store, run.runId, 'retrain-top');
      // Stage 2 has nothing to choose for a given cell, and may be left out.
      return isGiven(run.experiment.strategy) && reports.length === 0
        ? evaluateJobs(run.experiment, 'winner', givenCell(run.experiment).genotype)
        : evaluationOf(run, 'winner', reports);
    },

    planBaselineEvaluation: async ({ ended, ...input }) => {
      const run = await plannedRun(input);
      const { origin } = run.experiment;
      return origin === undefined
        ? evaluationOf(run, 'baseline', ended)
        : evaluateJobs(run.experiment, 'baseline', origin.baseline);
    },

    settleStage: async ({ run, stage, reports }) => {
      // A given cell leaves stages without jobs.
      if (reports.length > 0 && !reports.some((report) => report.outcome === 'succeeded'))
        throw nothingLeft(stage, failures(reports));
      const ordered = [...reports].sort((a, b) => (a.job.jobId < b.job.jobId ? -1 : 1));
      const record: StageRecord = { version: 1, stage, reports: ordered };
      // A repeated attempt of this activity finds its own document.
      return (await createOrMend(store, keys.stageResult(run.runId, stage), stageRecordSchema, record)).ref;
    },

    concludeRun: async ({ run: ref }): Promise<Conclusion> => {
      const [run, searched, retrained, evaluated] = await Promise.all([
        readRun(store, ref),
        readStage(store, ref.runId, 'proxy-search'),
        readStage(store, ref.runId, 'retrain-top'),
        readStage(store, ref.runId, 'evaluate'),
      ]);
      const conclusion = conclude(retrained.reports, evaluated.reports, metricOf(run.experiment));
      const reports = [searched, retrained, evaluated].flatMap((stage) => stage.reports);
      const paid = conclusion.pairs?.map(({ search }) => paidFor(reports, search)) ?? [paidFor(reports)];
      return { ...conclusion, budget: budgetOf(paid, await plannedCost(deps, run, reports)) };
    },
  };
};
