import { mean, sampleStandardDeviation } from 'simple-statistics';
import type { DatasetManifest } from '../task/manifest.ts';
import type { NetworkSize } from '../task/task.ts';
import { taskOf } from '../task/tasks.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { claimOf } from '../experiment/claim.ts';
import { givenCell } from '../experiment/given-cell.ts';
import { isSearch } from '../job/program-spec.ts';
import type { ProgramSpec } from '../job/program-spec.ts';
import type { PlannedJob, PlannedTrial } from '../job/job-report.ts';
import { programOf, searchJobs } from '../protocol/plan.ts';
import { spaceOf } from '../space/spaces.ts';
import { isGiven } from '../search/given.ts';
import { isBlackBox, optionsOf } from '../search/strategy-schema.ts';
import type { BlackBoxChoice } from '../search/strategy-schema.ts';
import { STRATEGIES } from '../search/registry.ts';
import type { StageName } from '../experiment/stage-name.ts';
import { randomCells } from '../protocol/random-cells.ts';
import { baselineCellsToAdd, evenShare } from '../protocol/stages.ts';
import { randomFromSeed, type Random } from '../core/random.ts';
import { examplesOf, type Cuts } from '../core/cut.ts';
import { InvalidArchitectureError } from '../training/program.ts';
import { costOfPasses, passesOf } from '../training/programs/passes.ts';
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

const cutsOf = (spec: ProgramSpec, dataset: DatasetManifest): Cuts =>
  taskOf(dataset.task).cuts(dataset, spec);

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

type Parts = readonly (readonly [jobs: number, each: JobEstimate])[];

/**
 * Share of the full training that a trial costs on average: each rung has 1/η of the trials of the one below
 * and goes on from its end.
 */
const meanShare = (strategy: BlackBoxChoice): number => {
  const fidelities = STRATEGIES[strategy.name].fidelities(optionsOf(strategy));
  const rungs = fidelities.map((fidelity, i) => ({
    trials: 1 / fidelity,
    share: fidelity - (fidelities[i - 1] ?? 0),
  }));
  const trials = rungs.reduce((sum, rung) => sum + rung.trials, 0);
  return rungs.reduce((sum, rung) => sum + rung.trials * rung.share, 0) / trials;
};

/** A search of one job: its own cost, of networks that are as dear as random ones. */
const oneJobCost = (experiment: Experiment, job: PlannedJob, dataset: DatasetManifest): JobEstimate => {
  const spec = programOf(experiment, job);
  if (!isSearch(spec)) throw new Error(`${job.jobId}: no search of one job`);
  const multiplyAdds = oneJobProgramOf(spec.strategy).multiplyAdds(spec, dataset);
  return costOfPasses(passesOf(spec, cutsOf(spec, dataset)), meanOf(multiplyAdds));
};

/** One trial on average: of a search with rungs its share of the full training, scored at its end. */
const trialCost = (
  experiment: Experiment,
  strategy: BlackBoxChoice,
  job: PlannedTrial,
  dataset: DatasetManifest,
  perExample: number,
): JobEstimate => {
  const spec = programOf(experiment, job);
  const cuts = cutsOf(spec, dataset);
  const passes = passesOf(spec, cuts);
  if (!STRATEGIES[strategy.name].multiFidelity) return costOfPasses(passes, perExample);
  const scored = examplesOf(cuts.inOrder('validation'), 0);
  return costOfPasses({ trained: passes.trained * meanShare(strategy), scored }, perExample);
};

/** The jobs of one search. */
const searchCost = (experiment: Experiment, dataset: DatasetManifest, perRandom: BySize): Parts => {
  const { strategy, stages } = experiment;
  const [job] = searchJobs(experiment);
  // A look-up trains nothing and is no job.
  if (job === undefined || stages.search.table !== undefined) return [];
  if (!isBlackBox(strategy)) return [[1, oneJobCost(experiment, job, dataset)]];
  const trial: PlannedTrial = {
    kind: 'trial',
    jobId: job.jobId,
    seed: job.seed,
    genotype: '',
    rungs: [stages.search.recipe.epochs],
  };
  return [
    [
      stages.search.evaluations ?? 0,
      trialCost(experiment, strategy, trial, dataset, perRandom(stages.search.network)),
    ],
  ];
};

/** The first of them, at most `n`. */
function* take<T>(items: Iterable<T>, n: number): Generator<T> {
  let taken = 0;
  for (const item of items) {
    if (taken++ === n) return;
    yield item;
  }
}

const sumOf = (parts: Parts, of: (each: JobEstimate) => number): number =>
  parts.reduce((sum, [jobs, each]) => sum + jobs * of(each), 0);

/** Random cells that are costed one by one; of more the mean is as good. */
const DRAWN = 64;

/**
 * Multiply-adds by size of a random search's cells, in order: the first ones as they will be drawn, unless
 * limits decide which; those after them, and those that cannot be built, on average.
 */
function* randomSearch(
  experiment: Experiment,
  dataset: DatasetManifest,
  perRandom: BySize,
  search: number | undefined,
): Generator<BySize> {
  if (experiment.stages.search.objective === undefined) {
    const stream = randomCells(experiment, spaceOf(experiment.space), () => false, search);
    for (const { genotype } of take(stream, DRAWN)) {
      const per = cellMultiplyAdds(experiment, dataset, genotype);
      yield (size) => {
        try {
          return per(size);
        } catch (error) {
          if (!(error instanceof InvalidArchitectureError)) throw error;
          return perRandom(size);
        }
      };
    }
  }
  for (;;) yield perRandom;
}

/**
 * Estimates each stage from the experiment and the data set's sizes; nothing is run. Examples are counted by
 * the functions by which the programs count them.
 */
export const estimate = (experiment: Experiment, dataset: DatasetManifest): StageEstimate[] => {
  const { stages, resources, gate, strategy, origin } = experiment;
  const { search, retrain, evaluate } = stages;
  const perRandom = meanMultiplyAdds(experiment, dataset);
  const perCell = isGiven(strategy)
    ? cellMultiplyAdds(experiment, dataset, givenCell(experiment).genotype)
    : perRandom;
  const perBaseline =
    origin === undefined ? perRandom : cellMultiplyAdds(experiment, dataset, origin.baseline);

  const jobOf = (kind: 'gate' | 'retrain' | 'evaluate', per: BySize): JobEstimate => {
    const job = { kind, jobId: '', seed: 0, genotype: '' } as const;
    const { network } = kind === 'evaluate' ? evaluate : retrain;
    const spec = programOf(experiment, job);
    return costOfPasses(passesOf(spec, cutsOf(spec, dataset)), per(network));
  };
  const [gateJob, retrainJob] = [jobOf('gate', perRandom), jobOf('retrain', perCell)];
  const each = searchCost(experiment, dataset, perRandom);
  const { length } = searchJobs(experiment);
  const ofAll = claimOf(experiment) === 'cell';

  /** Random cells of one random search, against `searches` of the searches with `cells` to retrain. */
  const against = (side: { searches: number; gated: number; cells: number; search?: number }): Parts => {
    // A transferred run compares with the origin's random cell instead of looking for one.
    if (origin !== undefined) return [];
    const { searches, gated, cells } = side;
    // Random search looks as much up, for nothing.
    if (search.table !== undefined && !ofAll) return [[cells, jobOf('retrain', perRandom)]];
    const drawn: JobEstimate[] = [];
    const added = baselineCellsToAdd({
      budget:
        searches * sumOf(each, ({ multiplyAdds }) => multiplyAdds) +
        gated * gateJob.multiplyAdds +
        cells * retrainJob.multiplyAdds,
      spent: [],
      next: (function* () {
        for (const per of randomSearch(experiment, dataset, perRandom, side.search)) {
          const job = jobOf('retrain', per);
          drawn.push(job);
          yield job.multiplyAdds;
        }
      })(),
    });
    return drawn.slice(0, added).map((job) => [1, job] as const);
  };
  const sampled = gate?.cells ?? 0;
  const baseline = ofAll
    ? against({ searches: length, gated: sampled, cells: retrain.topK })
    : search.seeds.flatMap((seed, i) =>
        against({
          searches: 1,
          gated: evenShare(sampled, length, i),
          cells: evenShare(retrain.topK, length, i),
          search: seed,
        }),
      );

  const stageOf = (
    stage: StageName,
    parts: Parts,
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
      images: sumOf(parts, ({ images }) => images),
      multiplyAdds: sumOf(parts, ({ multiplyAdds }) => multiplyAdds),
      hoursAtMost,
      dollarsAtMost: spotDollarsPerHour === 0 ? null : hoursAtMost * spotDollarsPerHour,
    };
  };
  const trainings = (ofAll ? 1 : length) * evaluate.seeds.length;
  return [
    stageOf('proxy-search', [
      ...each.map(([jobs, cost]) => [length * jobs, cost] as const),
      ...(gate === undefined ? [] : [[gate.cells, gateJob] as const]),
    ]),
    // A gate that finds the ranking untrustworthy lets stage 2 retrain more.
    stageOf('retrain-top', [[retrain.topK, retrainJob]], Math.max(0, (gate?.topK ?? 0) - retrain.topK)),
    stageOf('evaluate', [
      ...baseline,
      [trainings, jobOf('evaluate', perCell)],
      [trainings, jobOf('evaluate', perBaseline)],
    ]),
  ];
};
