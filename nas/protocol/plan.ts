import type { Experiment } from '../experiment/experiment.ts';
import type { Grown } from '../search/inheritance.ts';
import type { JobDocument } from '../job/job-document.ts';
import type { ProgramSpec, SearchSpec, TaskData } from '../job/program-spec.ts';
import type { Contender } from '../job/job-report.ts';
import type { PlannedJob, PlannedTraining, PlannedTrial } from '../job/job-report.ts';
import { claimOf } from '../experiment/claim.ts';
import { epochsAt } from '../experiment/epochs-at.ts';
import { timesTrials } from '../experiment/measures.ts';
import type { Cell } from '../space/spaces.ts';
import { deriveSeed } from '../core/random.ts';
import type { StageKey } from '../task/task.ts';
import { taskOf } from '../task/tasks.ts';
import { DEFAULT_TASK } from '../task/terms.ts';
import type { Recipe } from '../task/recipe.ts';
import type { RunRecord } from '../experiment/run-record.ts';
import { isGiven } from '../search/given.ts';
import { ONE_JOB_SEARCHES, isOneJob } from '../search/one-job/registry.ts';
import { isBlackBox, optionsOf } from '../search/strategy-schema.ts';
import { STRATEGIES } from '../search/registry.ts';
import type { TrialToRun } from '../search/trial-search.ts';
import { trialJobId } from '../job/trial-job-id.ts';
import type { GateCell } from './proxy-gate.ts';

const taskData = (
  { task: { kind, data: _, ...section } }: Experiment,
  { augmentation }: Experiment['stages'][StageKey],
): TaskData => ({
  ...(kind === DEFAULT_TASK ? {} : { task: kind }),
  ...section,
  ...(augmentation === undefined ? {} : { augmentation }),
});

/** Stage 1's program, where it is one. */
const searchProgram = (experiment: Experiment, seed: number): SearchSpec => {
  const { space, strategy } = experiment;
  const { network, recipe } = experiment.stages.search;
  if (!isOneJob(strategy)) throw new Error(`${strategy.name} is no search of one job`);
  const data = taskData(experiment, experiment.stages.search);
  return { kind: ONE_JOB_SEARCHES[strategy.name].program, strategy, space, network, recipe, data, seed };
};

/** Stage 2's recipe, cut short; its schedule is that of the short training. */
const gateRecipe = ({ stages, gate }: Experiment): Recipe => ({
  ...stages.retrain.recipe,
  ...(gate && { epochs: gate.epochs }),
});

/**
 * The seed that a network is trained with. Trainings for different searches share no chance, even where two
 * searches have found the same cell: their winners would otherwise be one observation that counts as two.
 */
const trainingSeed = ({ kind, seed, search }: PlannedTraining): number =>
  search === undefined || kind === 'gate' ? seed : deriveSeed(seed, 'search', search) >>> 0;

/** How often the task wants the validation part evaluated. */
const validating = ({ task }: Experiment): { readonly validateEvery?: number } => {
  const { validateEvery } = taskOf(task.kind).training;
  return validateEvery === undefined ? {} : { validateEvery };
};

const grownOf = ({ genotype, edits, noise }: Grown): Grown => ({ genotype, edits, noise });

/** The training program of a planned job: the one place where an experiment becomes work. */
export const programOf = (experiment: Experiment, job: PlannedJob): ProgramSpec => {
  const { search, retrain, evaluate } = experiment.stages;
  switch (job.kind) {
    case 'search':
      return searchProgram(experiment, job.seed);
    case 'trial':
      return {
        kind: 'train-network',
        space: experiment.space,
        genotype: job.genotype,
        network: search.network,
        recipe: search.recipe,
        data: taskData(experiment, search),
        seed: job.seed,
        trainOn: 'train',
        evaluateOn: 'validation',
        ...validating(experiment),
        ...(job.rungs.at(-1) === search.recipe.epochs && job.rungs.length === 1 ? {} : { rungs: job.rungs }),
        ...(search.scoreOfLast === undefined ? {} : { scoreOfLast: search.scoreOfLast }),
        ...(job.inherits === undefined ? {} : { grown: grownOf(job.inherits) }),
      };
    case 'gate':
    case 'retrain':
    case 'baseline':
      return {
        kind: 'train-network',
        space: experiment.space,
        genotype: job.genotype,
        network: retrain.network,
        recipe: job.kind === 'gate' ? gateRecipe(experiment) : retrain.recipe,
        data: taskData(experiment, retrain),
        seed: trainingSeed(job),
        trainOn: 'train',
        evaluateOn: 'validation',
        ...validating(experiment),
      };
    case 'evaluate':
      return {
        kind: 'train-network',
        space: experiment.space,
        genotype: job.genotype,
        network: evaluate.network,
        recipe: evaluate.recipe,
        data: taskData(experiment, evaluate),
        seed: trainingSeed(job),
        trainOn: taskOf(experiment.task.kind).training.finalPart,
        evaluateOn: 'test',
        ...validating(experiment),
      };
  }
};

/**
 * The document a Batch job receives; a pure function of the run and the plan, so that writing it twice is
 * harmless.
 */
export const jobDocument = (run: RunRecord, job: PlannedJob): JobDocument => ({
  version: 1,
  runId: run.runId,
  jobId: job.jobId,
  experimentHash: run.experimentHash,
  program: programOf(run.experiment, job),
  ...(job.kind === 'trial' && job.continues !== undefined ? { continues: job.continues } : {}),
  ...(job.kind === 'trial' && job.inherits !== undefined ? { inherits: job.inherits.jobId } : {}),
  ...(job.kind === 'trial' && timesTrials(run.experiment) ? { measureLatency: true } : {}),
  dataset: run.dataset,
  checkpoint: run.experiment.checkpoint,
  threads: run.experiment.resources.threads,
});

/** Stage 1: one search a seed; nothing to do for a given cell. */
export const searchJobs = ({ strategy, stages }: Experiment): PlannedJob[] =>
  isGiven(strategy)
    ? []
    : stages.search.seeds.map((seed) => ({
        kind: 'search',
        jobId: `stage-1/seed-${seed}`,
        seed,
        ...(isBlackBox(strategy) && {
          by: 'trials',
          ...(STRATEGIES[strategy.name].thinksLong(optionsOf(strategy)) && { thinksLong: true }),
        }),
      }));

/** Stage 1 by trials: the training of one of a search's networks. */
export const trialJob = (
  experiment: Experiment,
  search: Pick<PlannedJob, 'jobId' | 'seed'>,
  { id, genotype, fidelity, earlier, continues, inherits }: TrialToRun,
): PlannedTrial => ({
  kind: 'trial',
  jobId: trialJobId(search.jobId, id),
  seed: search.seed,
  genotype,
  rungs: [...earlier, fidelity].map((share) => epochsAt(experiment, share)),
  ...(continues === undefined ? {} : { continues: trialJobId(search.jobId, continues) }),
  ...(inherits === undefined
    ? {}
    : { inherits: { ...grownOf(inherits), jobId: trialJobId(search.jobId, inherits.trial) } }),
});

/** Hexadecimal digits of a cell's hash in job names. */
const CELL_DIGITS = 8;
const cellName = (cell: Cell): string => `cell-${cell.hash.slice(0, CELL_DIGITS)}`;

/** The part of a job's path that tells searches apart that are compared one by one. */
const below = (search: number | undefined): string => (search === undefined ? '' : `search-${search}/`);
const partOf = (search: number | undefined): { search?: number } => (search === undefined ? {} : { search });

/** Stage 1's gate: one short retraining a sampled cell, which its search has to pay for. */
export const gateJobs = (experiment: Experiment, cells: readonly GateCell[]): PlannedTraining[] =>
  cells.map((cell) => ({
    kind: 'gate',
    jobId: `stage-1/gate/${cellName(cell)}`,
    seed: experiment.stages.retrain.seed,
    genotype: cell.genotype,
    ...partOf(claimOf(experiment) === 'search' ? cell.searchSeed : undefined),
  }));

/** Stage 2: one retraining a cell; of one search where `search` names it. */
export const retrainJobs = (
  experiment: Experiment,
  cells: readonly Cell[],
  search?: number,
): PlannedTraining[] =>
  cells.map((cell) => ({
    kind: 'retrain',
    jobId: `stage-2/${below(search)}${cellName(cell)}`,
    seed: experiment.stages.retrain.seed,
    genotype: cell.genotype,
    ...partOf(search),
  }));

/** Stage 3: random cells at stage-2 fidelity, trained with stage 2's seed; against one search or all. */
export const baselineJobs = (
  experiment: Experiment,
  cells: readonly Cell[],
  search?: number,
): PlannedTraining[] =>
  cells.map((cell) => ({
    kind: 'baseline',
    jobId: `stage-3/baseline/${below(search)}${cellName(cell)}`,
    seed: experiment.stages.retrain.seed,
    genotype: cell.genotype,
    ...partOf(search),
  }));

/** Stage 3: one full training a seed. */
export const evaluateJobs = (
  experiment: Experiment,
  contender: Contender,
  genotype: string,
  search?: number,
): PlannedTraining[] =>
  experiment.stages.evaluate.seeds.map((seed) => ({
    kind: 'evaluate',
    jobId: `stage-3/${contender}/${below(search)}seed-${seed}`,
    seed,
    genotype,
    contender,
    ...partOf(search),
  }));
