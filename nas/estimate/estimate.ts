import { mean } from 'simple-statistics';
import type { DatasetManifest } from '../task/manifest.ts';
import type { StageKey } from '../task/task.ts';
import { taskOf } from '../task/tasks.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { claimOf } from '../experiment/claim.ts';
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
import { examplesOf, type Cuts } from '../core/cut.ts';
import { InvalidArchitectureError } from '../training/program.ts';
import { costOfPasses, passesOf } from '../training/programs/passes.ts';
import type { NetworkFacts } from '../training/tasks/tensor-task.ts';
import { runNetworks, type RunNetworks } from './run-networks.ts';

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

const cutsOf = (spec: ProgramSpec, dataset: DatasetManifest): Cuts =>
  taskOf(dataset.task).cuts(dataset, spec);

/** Multiply-adds of one forward pass of one example by the stage whose size a network has. */
type ByStage = (stage: StageKey) => number;

const meanCost = (networks: readonly NetworkFacts[]): number =>
  mean(networks.map(({ multiplyAdds }) => multiplyAdds));

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
const oneJobCost = (
  experiment: Experiment,
  job: PlannedJob,
  dataset: DatasetManifest,
  networks: RunNetworks,
): JobEstimate => {
  const spec = programOf(experiment, job);
  return costOfPasses(passesOf(spec, cutsOf(spec, dataset)), meanCost(networks.trained('search').facts));
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
const searchCost = (experiment: Experiment, dataset: DatasetManifest, networks: RunNetworks): Parts => {
  const { strategy, stages } = experiment;
  const [job] = searchJobs(experiment);
  // A look-up trains nothing and is no job.
  if (job === undefined || stages.search.table !== undefined) return [];
  if (!isBlackBox(strategy)) return [[1, oneJobCost(experiment, job, dataset, networks)]];
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
      trialCost(experiment, strategy, trial, dataset, meanCost(networks.random('search'))),
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
 * Multiply-adds of a random search's cells, in order: the first ones as they will be drawn, unless
 * limits decide which; those after them, and those that cannot be built, on average.
 */
function* randomSearch(
  experiment: Experiment,
  networks: RunNetworks,
  perRandom: ByStage,
  search: number | undefined,
): Generator<number> {
  if (experiment.stages.search.objective === undefined) {
    const stream = randomCells(experiment, spaceOf(experiment.space), () => false, search);
    for (const { genotype } of take(stream, DRAWN)) {
      try {
        yield networks.of('retrain', genotype).multiplyAdds;
      } catch (error) {
        if (!(error instanceof InvalidArchitectureError)) throw error;
        yield perRandom('retrain');
      }
    }
  }
  for (;;) yield perRandom('retrain');
}

/**
 * Estimates each stage from the experiment and the data set's sizes; nothing is run. Examples are counted by
 * the functions by which the programs count them.
 */
export const estimate = (
  experiment: Experiment,
  dataset: DatasetManifest,
  networks = runNetworks(experiment, dataset),
): StageEstimate[] => {
  const { stages, resources, gate, strategy, origin } = experiment;
  const { search, retrain, evaluate } = stages;
  const perRandom: ByStage = (stage) => meanCost(networks.random(stage));
  const perCell: ByStage = (stage) =>
    isGiven(strategy) ? meanCost(networks.trained(stage).facts) : perRandom(stage);
  const perBaseline: ByStage = (stage) =>
    origin === undefined ? perRandom(stage) : networks.of(stage, origin.baseline).multiplyAdds;

  const costed = (kind: 'gate' | 'retrain' | 'evaluate', perExample: number): JobEstimate => {
    const spec = programOf(experiment, { kind, jobId: '', seed: 0, genotype: '' });
    return costOfPasses(passesOf(spec, cutsOf(spec, dataset)), perExample);
  };
  const jobOf = (kind: 'gate' | 'retrain' | 'evaluate', per: ByStage): JobEstimate =>
    costed(kind, per(kind === 'evaluate' ? kind : 'retrain'));
  const [gateJob, retrainJob] = [jobOf('gate', perRandom), jobOf('retrain', perCell)];
  const each = searchCost(experiment, dataset, networks);
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
        for (const perExample of randomSearch(experiment, networks, perRandom, side.search)) {
          const job = costed('retrain', perExample);
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
