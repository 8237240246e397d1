import { mean, sampleStandardDeviation } from 'simple-statistics';
import type { DatasetManifest } from '../task/manifest.ts';
import type { NetworkSize } from '../task/task.ts';
import { taskOf } from '../task/tasks.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { givenCell } from '../experiment/given-cell.ts';
import { isSearch } from '../job/job.ts';
import type { PlannedJob, PlannedTrial } from '../job/job-report.ts';
import { programOf, searchJobs } from '../protocol/plan.ts';
import { spaceOf } from '../space/spaces.ts';
import { isGiven } from '../search/given.ts';
import { isBlackBox } from '../search/strategy-schema.ts';
import type { BlackBoxChoice } from '../search/strategy-schema.ts';
import { STRATEGIES } from '../search/registry.ts';
import { rungFidelities } from '../search/trials/sampler.ts';
import type { StageName } from '../experiment/stage-name.ts';
import { baselineCellsToAdd } from '../protocol/stages.ts';
import { randomFromSeed, type Random } from '../core/random.ts';
import { InvalidArchitectureError } from '../training/program.ts';
import { costOfPasses, passesOf } from '../training/programs/passes.ts';
import type { ImageCounts } from '../training/programs/passes.ts';
import { oneJobProgramOf } from '../training/programs/program-table.ts';
import { tensorTaskOf } from '../training/tasks/registry.ts';

/**
 * Expected cost of one stage; cells that are not known are taken to be as dear as random ones are on average.
 */
export interface StageEstimate {
  readonly stage: StageName;
  /** Batch jobs, each trial of a search by trials among them. */
  readonly jobs: number;
  /** Examples passed, training and scoring together. */
  readonly images: number;
  readonly multiplyAdds: number;
  /** Machine hours if every attempt of every job used its whole time limit. */
  readonly hoursAtMost: number;
  /** Their spot price; `null` where the experiment does not state one. */
  readonly dollarsAtMost: number | null;
}

/**
 * Random networks that a mean is of: as many as make its standard error this share of it, within these
 * bounds.
 */
const STANDARD_ERROR = 0.005;
const [FEWEST, MOST] = [16, 256];

/** Average over random architectures that can be built, the same at every call. */
const meanOf = (cost: (random: Random) => number): number => {
  const random = randomFromSeed(0);
  const costs: number[] = [];
  let failure: InvalidArchitectureError | undefined;
  const isSure = (): boolean => {
    const n = costs.length;
    return n >= FEWEST && sampleStandardDeviation(costs) <= STANDARD_ERROR * mean(costs) * Math.sqrt(n);
  };
  for (let drawn = 0; drawn < MOST && !isSure(); drawn++)
    try {
      costs.push(cost(random));
    } catch (error) {
      if (!(error instanceof InvalidArchitectureError)) throw error;
      failure = error;
    }
  if (costs.length === 0) throw failure;
  return mean(costs);
};

/** Multiply-adds of one forward pass of one example by the size of a network. */
type BySize = (size: NetworkSize) => number;

/** Of a printed cell. */
const cellMultiplyAdds =
  ({ space, task }: Experiment, dataset: DatasetManifest, genotype: string): BySize =>
  (size) =>
    tensorTaskOf(task.kind).describe(dataset, { space, genotype, size }).multiplyAdds;

/** Averaged over random cells. */
const meanMultiplyAdds = (experiment: Experiment, dataset: DatasetManifest): BySize => {
  const space = spaceOf(experiment.space);
  const known = new Map<string, number>();
  return (size) => {
    const key = JSON.stringify(size);
    const average =
      known.get(key) ??
      meanOf((random) => cellMultiplyAdds(experiment, dataset, space.sample(random).genotype)(size));
    known.set(key, average);
    return average;
  };
};

interface JobEstimate {
  readonly images: number;
  readonly multiplyAdds: number;
}

const NOTHING: JobEstimate = { images: 0, multiplyAdds: 0 };

/**
 * Share of the full training that a trial costs on average: each rung has 1/η of the trials of the one below
 * and goes on from its end.
 */
const meanShare = (strategy: BlackBoxChoice): number => {
  if (!STRATEGIES[strategy.name].multiFidelity) return 1;
  const { eta, minFidelity } = strategy as unknown as { eta: number; minFidelity: number };
  const rungs = rungFidelities({ eta, minFidelity }).map((fidelity, i, all) => ({
    trials: eta ** -i,
    share: fidelity - (all[i - 1] ?? 0),
  }));
  const trials = rungs.reduce((sum, rung) => sum + rung.trials, 0);
  return rungs.reduce((sum, rung) => sum + rung.trials * rung.share, 0) / trials;
};

/** A search of one job: its own cost, of networks that are as dear as random ones. */
const oneJobCost = (
  experiment: Experiment,
  job: PlannedJob,
  dataset: DatasetManifest,
  counts: ImageCounts,
): JobEstimate => {
  const spec = programOf(experiment, job);
  if (!isSearch(spec)) throw new Error(`${job.jobId}: no search of one job`);
  const multiplyAdds = oneJobProgramOf(spec.strategy).multiplyAdds(spec, dataset);
  return costOfPasses(passesOf(spec, counts), meanOf(multiplyAdds));
};

/** One trial on average: of a search with rungs its share of the full training, scored at its end. */
const trialCost = (
  experiment: Experiment,
  strategy: BlackBoxChoice,
  job: PlannedTrial,
  counts: ImageCounts,
  perImage: number,
): JobEstimate => {
  const passes = passesOf(programOf(experiment, job), counts);
  if (!STRATEGIES[strategy.name].multiFidelity) return costOfPasses(passes, perImage);
  const { trained } = passes;
  return costOfPasses({ trained: trained * meanShare(strategy), scored: counts.validation }, perImage);
};

/** The jobs of all searches. */
const searchCosts = (
  experiment: Experiment,
  dataset: DatasetManifest,
  counts: ImageCounts,
  perRandom: BySize,
): readonly (readonly [jobs: number, each: JobEstimate])[] => {
  const { strategy, stages } = experiment;
  const [job] = searchJobs(experiment);
  // A look-up trains nothing and is no job.
  if (job === undefined || stages.search.table !== undefined) return [];
  const { length } = searchJobs(experiment);
  if (!isBlackBox(strategy)) return [[length, oneJobCost(experiment, job, dataset, counts)]];
  const trial: PlannedTrial = {
    kind: 'trial',
    jobId: job.jobId,
    seed: job.seed,
    genotype: '',
    rungs: [stages.search.recipe.epochs],
  };
  const trials = length * (stages.search.evaluations ?? 0);
  return [[trials, trialCost(experiment, strategy, trial, counts, perRandom(stages.search.network))]];
};

function* repeated(value: number): Generator<number> {
  for (;;) yield value;
}

const sumOf = (
  parts: readonly (readonly [jobs: number, each: JobEstimate])[],
  of: (each: JobEstimate) => number,
): number => parts.reduce((sum, [jobs, each]) => sum + jobs * of(each), 0);

/**
 * Estimates each stage from the experiment and the data set's sizes; nothing is run. Examples are counted by
 * the functions by which the programs count them.
 */
export const estimate = (experiment: Experiment, dataset: DatasetManifest): StageEstimate[] => {
  const { stages, resources, gate, strategy, origin } = experiment;
  const { retrain, evaluate } = stages;
  const counts = {
    ...taskOf(experiment.task.kind).parts(dataset, experiment.task),
    test: dataset.splits.test.count,
  };
  const perRandom = meanMultiplyAdds(experiment, dataset);
  const perCell = isGiven(strategy)
    ? cellMultiplyAdds(experiment, dataset, givenCell(experiment).genotype)
    : perRandom;
  const perBaseline =
    origin === undefined ? perRandom : cellMultiplyAdds(experiment, dataset, origin.baseline);

  const jobOf = (kind: 'gate' | 'retrain' | 'evaluate', per: BySize): JobEstimate => {
    const job = { kind, jobId: '', seed: 0, genotype: '' } as const;
    const { network } = kind === 'evaluate' ? evaluate : retrain;
    return costOfPasses(passesOf(programOf(experiment, job), counts), per(network));
  };
  const retrainJob = jobOf('retrain', perCell);
  const searching = [
    ...searchCosts(experiment, dataset, counts, perRandom),
    ...(gate === undefined ? [] : [[gate.cells, jobOf('gate', perRandom)] as const]),
  ];

  const budget = sumOf(searching, (each) => each.multiplyAdds) + retrain.topK * retrainJob.multiplyAdds;
  const baselineJob = jobOf('retrain', perRandom);
  // A transferred run compares with the origin's random cell instead of looking for one.
  const baselineCells =
    origin === undefined
      ? baselineCellsToAdd({ budget, spent: [], next: repeated(baselineJob.multiplyAdds) })
      : 0;

  const stageOf = (
    stage: StageName,
    parts: readonly (readonly [jobs: number, each: JobEstimate])[],
    /** Jobs that may come on top of the expected ones. */
    further = 0,
  ): StageEstimate => {
    const jobs = sumOf(
      parts.map(([n]) => [n, NOTHING]),
      () => 1,
    );
    const hoursAtMost = ((jobs + further) * resources.attempts * resources.timeoutSeconds) / 3600;
    const { spotDollarsPerHour } = resources;
    return {
      stage,
      jobs,
      images: sumOf(parts, (each) => each.images),
      multiplyAdds: sumOf(parts, (each) => each.multiplyAdds),
      hoursAtMost,
      dollarsAtMost: spotDollarsPerHour === 0 ? null : hoursAtMost * spotDollarsPerHour,
    };
  };
  return [
    stageOf('proxy-search', searching),
    // A gate that finds the ranking untrustworthy lets stage 2 retrain more.
    stageOf('retrain-top', [[retrain.topK, retrainJob]], Math.max(0, (gate?.topK ?? 0) - retrain.topK)),
    stageOf('evaluate', [
      [baselineCells, baselineJob],
      [evaluate.seeds.length, jobOf('evaluate', perCell)],
      [evaluate.seeds.length, jobOf('evaluate', perBaseline)],
    ]),
  ];
};
