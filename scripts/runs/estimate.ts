import { trainingParts, type DatasetManifest } from '../../nas/protocol/dataset.ts';
import type { Experiment } from '../../nas/protocol/experiment.ts';
import { searchJobs } from '../../nas/protocol/plan.ts';
import { chosenSpace } from '../../nas/protocol/space-schema.ts';
import { spaceOf } from '../../nas/protocol/spaces.ts';
import { isBlackBox } from '../../nas/protocol/strategy-schema.ts';
import type { BlackBoxChoice } from '../../nas/protocol/strategy-schema.ts';
import { STRATEGIES } from '../../nas/strategy/registry.ts';
import { rungFidelities } from '../../nas/strategy/sampler.ts';
import type { NetworkSize, Recipe } from '../../nas/protocol/recipe.ts';
import type { StageName } from '../../nas/protocol/run-view.ts';
import { baselineCellsToAdd } from '../../nas/protocol/stages.ts';
import { randomFromSeed, type Random } from '../../nas/random.ts';
import { smash } from '../../nas/space/smash.ts';
import { countMultiplyAdds } from '../../nas/training/counting.ts';
import { describeClassifier, type NetworkSetting } from '../../nas/training/networks/network.ts';
import { networkOf } from '../../nas/training/networks/registry.ts';
import { describeChild } from '../../nas/training/programs/choice-supernet.ts';
import { mixturePlan } from '../../nas/training/programs/mixture-plan.ts';
import { supernetOf } from '../../nas/training/supernets/registry.ts';
import { smashMultiplyAdds } from '../../nas/training/supernets/smash-cost.ts';
import { describeSupernet } from '../../nas/training/supernets/supernet.ts';

/** Expected cost of one stage; cells are taken to be as dear as random ones are on average. */
export interface StageEstimate {
  readonly stage: StageName;
  readonly jobs: number;
  /** Images passed forward, training and scoring together. */
  readonly images: number;
  readonly multiplyAdds: number;
  /** If every job used its whole time limit, at the spot price. */
  readonly dollarsAtMost: number;
}

const SAMPLES = 16;

const settingOf = (size: NetworkSize, { shape, classes }: DatasetManifest): NetworkSetting => ({
  size,
  image: shape,
  classes: classes.length,
  auxiliary: false,
});

/** Average over random architectures, the same at every call. */
const meanOf = (cost: (random: Random) => number): number => {
  const random = randomFromSeed(0);
  let sum = 0;
  for (let i = 0; i < SAMPLES; i++) sum += cost(random);
  return sum / SAMPLES;
};

/** Multiply-adds of one forward pass of one image, averaged over random cells. */
const meanMultiplyAdds = (experiment: Experiment, size: NetworkSize, dataset: DatasetManifest): number => {
  const space = spaceOf(experiment);
  const setting = settingOf(size, dataset);
  return meanOf((random) =>
    countMultiplyAdds(
      describeClassifier(networkOf(experiment.space, space.sample(random).genotype), setting),
    ),
  );
};

/** The same of children of ENAS' shared weights. */
const meanChild = (experiment: Experiment, dataset: DatasetManifest): number => {
  const space = chosenSpace(experiment.space);
  const setting = settingOf(experiment.stages.search.network, dataset);
  return meanOf((random) =>
    countMultiplyAdds(describeChild(experiment.space, setting, space.sample(random))),
  );
};

/** The same of architectures with weights that SMASH's HyperNet generates. */
const meanGenerated = ({ space, strategy, stages }: Experiment, dataset: DatasetManifest): number => {
  if (space.name !== 'smash' || strategy.name !== 'smash') throw new Error('no search by SMASH');
  const setting = settingOf(stages.search.network, dataset);
  const cost = smashMultiplyAdds(space, setting, strategy.hypernet, stages.search.recipe.batchSize);
  return meanOf((random) => cost(smash(space).sample(random)));
};

interface JobEstimate {
  readonly images: number;
  readonly multiplyAdds: number;
}

/** A backward pass counts twice a forward one. */
const jobCost = (trained: number, scored: number, perImage: number): JobEstimate => ({
  images: trained + scored,
  multiplyAdds: (3 * trained + scored) * perImage,
});

/**
 * Share of the full training that a trial costs on average: each rung has 1/η of the trials of the one below and goes
 * on from its end.
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

/** One seed's search: sampled paths of the supernet, or all of it in every pass. */
const searchCost = (
  experiment: Experiment,
  dataset: DatasetManifest,
  { train, validation }: { readonly train: number; readonly validation: number },
): JobEstimate => {
  const { strategy, stages } = experiment;
  const { recipe, network } = stages.search;
  if (strategy.name === 'random-weight-sharing')
    return jobCost(
      recipe.epochs * train,
      strategy.candidates * strategy.scoreMinibatches * recipe.batchSize + strategy.rescore * validation,
      meanMultiplyAdds(experiment, network, dataset),
    );
  if (strategy.name === 'enas') {
    const { updates, samples } = strategy.controller;
    const rewards = recipe.epochs * updates * samples + strategy.candidates;
    return jobCost(recipe.epochs * train, rewards * recipe.batchSize, meanChild(experiment, dataset));
  }
  if (strategy.name === 'smash') {
    const scored = strategy.candidates + strategy.perturbations + strategy.chain;
    const minibatches = Math.floor(validation / recipe.batchSize);
    const each = Math.min(strategy.scoreMinibatches ?? minibatches, minibatches) * recipe.batchSize;
    return jobCost(recipe.epochs * train, scored * each, meanGenerated(experiment, dataset));
  }
  if (strategy.name === 'given') return { images: 0, multiplyAdds: 0 };
  // A look-up trains nothing.
  if (stages.search.table !== undefined) return { images: 0, multiplyAdds: 0 };
  if (isBlackBox(strategy)) {
    const trials = (stages.search.evaluations ?? 0) * meanShare(strategy);
    const perImage = meanMultiplyAdds(experiment, network, dataset);
    const scored = (stages.search.evaluations ?? 0) * (stages.search.scoreOfLast ?? 1) * validation;
    return jobCost(trials * recipe.epochs * train, scored, perImage);
  }
  const supernet = supernetOf(experiment.space.name, {
    size: network,
    image: dataset.shape,
    classes: dataset.classes.length,
  });
  const { trainsOn, passes } = mixturePlan(strategy);
  const images = trainsOn === 'train' ? train : train + validation;
  return jobCost(
    recipe.epochs * images * (passes.training + passes.search),
    recipe.epochs * validation,
    countMultiplyAdds(describeSupernet(supernet)),
  );
};

function* repeated(value: number): Generator<number> {
  for (;;) yield value;
}

/** Estimates each stage from the experiment and the data set's sizes; nothing is run. */
export const estimate = (experiment: Experiment, dataset: DatasetManifest): StageEstimate[] => {
  const { stages, resources } = experiment;
  const all = dataset.splits.train.count;
  const { train, validation } = trainingParts(dataset, experiment.task.validationFraction);
  const epochs = (recipe: Recipe, images: number): number => recipe.epochs * images;
  const { retrain, evaluate } = stages;

  const searchJob = searchCost(experiment, dataset, { train, validation });
  const retrainJob = jobCost(
    epochs(retrain.recipe, train),
    validation,
    meanMultiplyAdds(experiment, retrain.network, dataset),
  );
  const evaluateJob = jobCost(
    epochs(evaluate.recipe, all),
    dataset.splits.test.count,
    meanMultiplyAdds(experiment, evaluate.network, dataset),
  );

  const searches = searchJobs(experiment).length;
  const budget = searches * searchJob.multiplyAdds + retrain.topK * retrainJob.multiplyAdds;
  // A transferred run compares with the origin's random cell instead of looking for one.
  const baselineCells =
    experiment.origin === undefined
      ? baselineCellsToAdd({ budget, spent: [], next: repeated(retrainJob.multiplyAdds) })
      : 0;

  const stageOf = (stage: StageName, parts: readonly (readonly [number, JobEstimate])[]): StageEstimate => {
    const jobs = parts.reduce((sum, [n]) => sum + n, 0);
    return {
      stage,
      jobs,
      images: parts.reduce((sum, [n, job]) => sum + n * job.images, 0),
      multiplyAdds: parts.reduce((sum, [n, job]) => sum + n * job.multiplyAdds, 0),
      dollarsAtMost: (jobs * resources.timeoutSeconds * resources.spotDollarsPerHour) / 3600,
    };
  };
  return [
    stageOf('proxy-search', [[searches, searchJob]]),
    stageOf('retrain-top', [[retrain.topK, retrainJob]]),
    stageOf('evaluate', [
      [baselineCells, retrainJob],
      [2 * evaluate.seeds.length, evaluateJob],
    ]),
  ];
};
