import { readFileSync, readdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { mean } from 'simple-statistics';
import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../containers/trainer/tensorflow.ts';
import { deriveSeed, randomFromSeed } from '../../nas/core/random.ts';
import { sum } from '../../nas/core/sum.ts';
import { estimate, type StageEstimate } from '../../nas/estimate/estimate.ts';
import { networkSizes, type NetworkSizes } from '../../nas/estimate/network-sizes.ts';
import { simulatedTrials } from '../../nas/estimate/simulated-trials.ts';
import { claimOf } from '../../nas/experiment/claim.ts';
import type { Experiment } from '../../nas/experiment/experiment.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import type { PlannedJob } from '../../nas/job/job-report.ts';
import { isSearch } from '../../nas/job/program-spec.ts';
import type { SearchSpec } from '../../nas/job/program-spec.ts';
import { programOf, searchJobs, trialJob } from '../../nas/protocol/plan.ts';
import { isGiven } from '../../nas/search/given.ts';
import { oneJobSearchOf, type OneJobName } from '../../nas/search/one-job/registry.ts';
import { STRATEGIES } from '../../nas/search/registry.ts';
import { isBlackBox, optionsOf } from '../../nas/search/strategy-schema.ts';
import { createTrialSearch } from '../../nas/search/trial-search.ts';
import { chosenSpace } from '../../nas/space/registry.ts';
import { taskOf } from '../../nas/task/tasks.ts';
import { DEFAULT_TASK, type TaskKind } from '../../nas/task/terms.ts';
import type { TextManifest } from '../../nas/task/text/manifest.ts';
import { imageClassification, type ImageTypes } from '../../nas/task/images/image-classification.ts';
import type { ImageManifest } from '../../nas/task/images/manifest.ts';
import type { Cuts } from '../../nas/core/cut.ts';
import { imageCuts, type PartCounts } from '../../nas/task/images/cuts.ts';
import { costOfPasses, passesOf } from '../../nas/training/programs/passes.ts';
import { createProgram, oneJobProgramOf } from '../../nas/training/programs/program-table.ts';
import { manifestOfShape } from '../support/manifest-of-shape.ts';
import { textManifestOf } from '../support/text-manifest-of.ts';
import { randomCells } from '../../nas/protocol/random-cells.ts';
import { InvalidArchitectureError, type Snapshot } from '../../nas/training/program.ts';
import { tensorTaskOf } from '../../nas/training/tasks/registry.ts';
import { spaceOf } from '../../nas/space/spaces.ts';
import { tinyData } from '../training/programs/tiny-data.ts';
import { finish } from '../training/programs/walk.ts';

/** The largest share by which a dry run may differ from what is counted. */
const TOLERANCE = 0.02;
/** Of searches with rungs, whose cost depends on the scores. */
const SEEDS = [0, 1, 2, 3, 4, 5];
/** Simulations of such a search beside those of the dry run. */
const SIMULATED = 100;
const expectNear = (estimated: number, counted: number): void =>
  expect(Math.abs(estimated - counted)).toBeLessThanOrEqual(TOLERANCE * counted);

const dataset = (
  train: number,
  test: number,
  shape: ImageManifest['shape'],
  classes = 10,
): ImageManifest => ({
  ...manifestOfShape('any', shape),
  classes: Array.from({ length: classes }, (_, k) => `${k}`),
  splits: { train: { count: train, shards: [] }, test: { count: test, shards: [] } },
});

/**
 * Small searches by every method, with enough draws for a mean of networks, and a controller that prefers
 * none.
 */
const TINY: Readonly<Record<OneJobName, { readonly space: string; readonly strategy: string }>> = {
  'random-weight-sharing': {
    space: '{ name: nas-bench-201 }',
    strategy:
      '{ name: random-weight-sharing, candidates: 600, scoreMinibatches: 1, rounds: 2, rescore: 3, scoreStatistics: batch }',
  },
  darts: {
    space: '{ name: nas-bench-201 }',
    strategy: '{ name: darts, optimization: first-order, diagnostics: { hessianEvery: 2, iterations: 3 } }',
  },
  snas: { space: '{ name: nas-bench-201 }', strategy: '{ name: snas }' },
  enas: {
    space: '{ name: darts-cnn }',
    strategy: '{ name: enas, controller: { hiddenUnits: 4, tanhConstant: 1e-3, updates: 20, samples: 8 } }',
  },
  smash: {
    space: '{ name: smash, depth: 1, width: 1, maxWidth: 2, maxKernel: 3, maxGroups: 2 }',
    strategy:
      '{ name: smash, hypernet: { layers: [1, 1, 0], growth: 3 }, candidates: 300, perturbations: 2, chain: 2, scoreMinibatches: 1 }',
  },
};

const tiny = (name: OneJobName): Experiment =>
  loadExperiment(
    `name: tiny
space: ${TINY[name].space}
strategy: ${TINY[name].strategy}
task: { data: tiny }
stages:
  search:
    seeds: [5]
    network: { channels: 2, layers: 3, stem: cifar }
    recipe: { epochs: 4, batchSize: 16 }
  retrain: { topK: 1, network: { layers: 3 }, recipe: { auxiliaryWeight: 0 } }
  evaluate: { network: { layers: 3 }, recipe: { auxiliaryWeight: 0 } }
`,
    { file: 'tiny.yaml' },
  ).experiment;

const { tf } = loadTensorFlow({ threads: 1 });

/** Numbers of trained weights in a snapshot; a controller's are not the networks'. */
const trainedIn = ({ tensors }: Snapshot): number =>
  sum(
    Object.entries(tensors)
      .filter(([name]) => /^(shared\/)?weights\//.test(name))
      .map(([, { data }]) => data.length),
  );

describe.each(Object.keys(TINY) as OneJobName[])('a search by %s', (name) => {
  it('holds and costs what its dry run says', async () => {
    const experiment = tiny(name);
    const data = dataset(80, 22, [8, 8, 1], 4);
    const [search] = estimate(experiment, data);
    const [job] = searchJobs(experiment);
    const program = await createProgram(programOf(experiment, job as NonNullable<typeof job>), {
      tf,
      data: tinyData(),
    });
    const [{ parameters, leastBytes, likely }] = networkSizes(experiment, data) as [NetworkSizes];
    expect(parameters).toBe(trainedIn(program.snapshot()));
    expect(likely.parameters).toEqual([parameters, parameters]);
    // Weights, gradients and momentum of all, whichever network is trained.
    expect(leastBytes).toBeGreaterThan(3 * 4 * parameters);
    const { cost } = await finish(program);
    program.dispose();
    expect(search?.images).toBe(cost.images);
    expectNear(search?.multiplyAdds as number, cost.multiplyAdds);
  });
});

/** What the program of a search counts, minibatch by minibatch, where every image costs one multiply-add. */
const countedSearch = ({ strategy, recipe }: SearchSpec, cuts: Cuts) => {
  const course = oneJobSearchOf(strategy).course(strategy, recipe, cuts);
  let [passed, multiplyAdds] = [0, 0];
  for (const { units, passes } of course)
    for (let unit = 0; unit < units; unit++) {
      const left = passes.trained + passes.scored - unit * recipe.batchSize;
      const each = passes.trained > 0 ? passes.trained / units : Math.min(recipe.batchSize, left);
      passed += each;
      multiplyAdds += (passes.trained > 0 ? 3 : 1) * each;
    }
  return { images: passed, multiplyAdds };
};

/** What an image costs in some architectures of a search. */
const architectureCosts = (spec: SearchSpec, manifest: ImageManifest): readonly number[] => {
  const describe = oneJobProgramOf(spec.strategy).describe(spec, manifest);
  const random = randomFromSeed(11);
  return Array.from({ length: 64 }, () => describe(random).multiplyAdds);
};

/**
 * Images of the trials of one search where scores are drawn at random, each less what it goes on from; a job
 * takes as long as what it trains.
 */
const countedTrials = (experiment: Experiment, images: PartCounts, seed: number): number => {
  const { strategy, space: choice, stages } = experiment;
  if (!isBlackBox(strategy)) throw new TypeError(`${strategy.name} has no trials`);
  const space = chosenSpace(choice);
  const [search] = searchJobs(experiment);
  const trials = createTrialSearch({
    strategy: STRATEGIES[strategy.name].bind(space),
    space,
    evaluations: stages.search.evaluations as number,
    options: optionsOf(strategy),
    seed,
    order: stages.search.order ?? 'reproducible',
  });
  const random = randomFromSeed(deriveSeed(seed, 'scores'));
  const paid = new Map<string, number>();
  const ends: [end: number, id: string][] = [];
  let [clock, total] = [0, 0];
  for (;;) {
    trials.advance(experiment.resources.parallelism ?? 1, 1000);
    for (const trial of trials.take()) {
      const job = trialJob(experiment, search as NonNullable<typeof search>, trial);
      const spec = programOf(experiment, job);
      const { images: passed } = costOfPasses(passesOf(spec, imageCuts(images, spec.recipe.batchSize)), 1);
      paid.set(trial.id, passed);
      total += passed - (paid.get(trial.continues ?? '') ?? 0);
      ends.push([clock + trial.fidelity - (trial.earlier.at(-1) ?? 0), trial.id]);
    }
    if (trials.done) return total;
    const [first] = ends.sort(([a], [b]) => a - b).splice(0, 1) as [[number, string]];
    clock = first[0];
    trials.settle(first[1], { kind: 'score', value: random.uniform() });
  }
};

/** Cells of a random search that the dry run costs one by one. */
const DRAWN = 64;

/** Multiply-adds of an image of the first cells of a random search; none of those that cannot be built. */
const drawnCosts = (experiment: Experiment, manifest: ImageManifest, search?: number): number[] => {
  const { task, space, stages } = experiment;
  const size = stages.retrain.network;
  const costs: number[] = [];
  for (const { genotype } of randomCells(experiment, spaceOf(space), () => false, search)) {
    if (costs.length === DRAWN) break;
    try {
      costs.push(tensorTaskOf(task.kind).describe(manifest, { space, genotype, size }).multiplyAdds);
    } catch (error) {
      if (!(error instanceof InvalidArchitectureError)) throw error;
      return [];
    }
  }
  return costs;
};

const SHIPPED = readdirSync('experiments')
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => loadExperiment(readFileSync(`experiments/${file}`, 'utf8'), { file }).experiment);
const ofTask = (kind: TaskKind): readonly Experiment[] =>
  SHIPPED.filter(({ task }) => (task.kind ?? DEFAULT_TASK) === kind);
const DATASETS: Readonly<Record<string, ImageManifest>> = {
  cifar10: dataset(50_000, 10_000, [32, 32, 3]),
  'fashion-mnist-small': dataset(8000, 2000, [28, 28, 1]),
};

describe.each(ofTask('image-classification'))('the dry run of $name', (experiment) => {
  const manifest = DATASETS[experiment.task.data] as ImageManifest;
  const { strategy, stages, task } = experiment;
  const images = {
    ...imageClassification.parts(manifest, task as unknown as ImageTypes['section']),
    test: manifest.splits.test.count,
  };
  const [search, retrain, evaluate] = estimate(experiment, manifest) as [
    StageEstimate,
    StageEstimate,
    StageEstimate,
  ];
  const cost = (job: PlannedJob) => {
    const spec = programOf(experiment, job);
    return costOfPasses(passesOf(spec, imageCuts(images, spec.recipe.batchSize)), 1);
  };
  const training = (kind: 'retrain' | 'evaluate') => cost({ kind, jobId: kind, seed: 0, genotype: '' });

  it('counts the images of stage 1 as its programs do', () => {
    const [job] = searchJobs(experiment);
    if (job === undefined) return expect(search.images).toBe(0);
    const searches = stages.search.seeds.length;
    if (!isBlackBox(strategy)) {
      const spec = programOf(experiment, job);
      if (!isSearch(spec)) throw new TypeError(`${strategy.name} is no search of one job`);
      const counted = countedSearch(spec, imageCuts(images, spec.recipe.batchSize));
      expect(search.images).toBe(searches * counted.images);
      expect(cost(job)).toEqual(counted);
      // And each as dear as an architecture of that search can be.
      const perImage = search.multiplyAdds / (searches * counted.multiplyAdds);
      const drawn = architectureCosts(spec, manifest);
      expect(perImage).toBeGreaterThanOrEqual(Math.min(...drawn));
      expect(perImage).toBeLessThanOrEqual(Math.max(...drawn));
      return;
    }
    const { schedule } = STRATEGIES[strategy.name];
    if (schedule !== undefined) {
      const [low, high] = search.likely.images;
      expect(high / low).toBeLessThan(1.5);
      // Of the runs of the strategy itself, with its own networks, four of five are expected to lie within.
      const runs = SEEDS.map((run) =>
        sum(stages.search.seeds.map((_, i) => countedTrials(experiment, images, run * searches + i))),
      );
      expect(runs.filter((counted) => counted >= low && counted <= high).length).toBeGreaterThanOrEqual(4);
      const simulate = simulatedTrials(experiment, strategy, schedule, manifest);
      const simulated = Array.from({ length: SIMULATED }, (_, i) =>
        sum(simulate(1000 + i).map(({ passes }) => passes.trained + passes.scored)),
      );
      return expectNear(search.images, searches * mean(simulated));
    }
    const { evaluations = 0, recipe } = stages.search;
    const trial = { kind: 'trial', jobId: 't', seed: 0, genotype: '', rungs: [recipe.epochs] } as const;
    expect(search.images).toBe(searches * evaluations * cost(trial).images);
  });

  it('counts the trainings of stages 2 and 3 as their programs do', () => {
    const { topK } = stages.retrain;
    expect(retrain.images).toBe(topK * training('retrain').images);
    const winners = claimOf(experiment) === 'search' ? stages.search.seeds.length : 1;
    const evaluations = 2 * winners * stages.evaluate.seeds.length;
    const baselineCells = evaluate.jobs - evaluations;
    expect(evaluate.images).toBe(
      baselineCells * training('retrain').images + evaluations * training('evaluate').images,
    );
    if (isGiven(strategy)) return;
    if (!isDeepStrictEqual(stages.retrain.network, stages.evaluate.network)) return;
    // Each random search spends what the first two stages have spent on its search, to its last cell.
    const each = training('retrain').multiplyAdds;
    const perImage = retrain.multiplyAdds / (topK * each);
    const spent = search.multiplyAdds + retrain.multiplyAdds;
    const random = evaluate.multiplyAdds - evaluations * perImage * training('evaluate').multiplyAdds;
    const seeds = winners === 1 ? [undefined] : stages.search.seeds;
    const drawn = seeds.map((seed) => drawnCosts(experiment, manifest, seed));
    const counted = drawn.map((costs) => {
      let left = spent / winners;
      const taken = costs.filter((cost) => {
        const isTaken = left > 0;
        left -= isTaken ? cost * each : 0;
        return isTaken;
      });
      return left > 0 ? undefined : taken.reduce((sum, cost) => sum + cost * each, 0);
    });
    if (stages.search.objective === undefined && counted.every((sum) => sum !== undefined))
      expectNear(
        random,
        counted.reduce((sum, one) => sum + one, 0),
      );
    // Beyond those cells all cost the mean: the last one may exceed what was spent.
    else {
      const over = random - spent;
      expect(over).toBeGreaterThan(-TOLERANCE * spent);
      expect(over).toBeLessThan(TOLERANCE * spent + winners * perImage * each);
    }
  });
});

const TEXTS: Readonly<Record<string, TextManifest>> = {
  ptb: textManifestOf('ptb', 10_000, [929_589, 73_760, 82_430]),
  opticks: textManifestOf('opticks', 4226, [84_128, 8942, 10_220]),
};

describe.each(ofTask('language-modelling'))('the dry run of $name', (experiment) => {
  const manifest = TEXTS[experiment.task.data] as TextManifest;
  const { stages } = experiment;
  const [search, retrain, evaluate] = estimate(experiment, manifest) as [
    StageEstimate,
    StageEstimate,
    StageEstimate,
  ];
  const tokens = (job: PlannedJob): number => {
    const spec = programOf(experiment, job);
    const { trained, scored } = passesOf(spec, taskOf('language-modelling').cuts(manifest, spec));
    return trained + scored;
  };
  const training = (kind: 'retrain' | 'evaluate', seed: number): number =>
    tokens({ kind, jobId: kind, seed, genotype: '' });

  it('counts the tokens of searches and trainings as their programs do, whose windows differ by seed', () => {
    if (!isBlackBox(experiment.strategy)) expectNear(search.images, sum(searchJobs(experiment).map(tokens)));
    expectNear(retrain.images, stages.retrain.topK * training('retrain', 1));
    const winners = claimOf(experiment) === 'search' ? stages.search.seeds.length : 1;
    const evaluations = 2 * winners * stages.evaluate.seeds.length;
    const random = (evaluate.jobs - evaluations) * training('retrain', 2);
    expectNear(evaluate.images, random + evaluations * training('evaluate', 3));
  });
});
