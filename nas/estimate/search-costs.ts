import { mean } from 'simple-statistics';
import type { Random } from '../core/random.ts';
import { sum } from '../core/sum.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { programOf, searchJobs } from '../protocol/plan.ts';
import { isBlackBox } from '../search/strategy-schema.ts';
import { STRATEGIES } from '../search/registry.ts';
import type { DatasetManifest } from '../task/manifest.ts';
import { taskOf } from '../task/tasks.ts';
import { costOfPasses, passesOf } from '../training/programs/passes.ts';
import { NO_JOBS, type Jobs } from './run-costs.ts';
import type { RunNetworks } from './run-networks.ts';
import { simulatedTrials, type SimulatedTrial } from './simulated-trials.ts';

/** Costs of one search: all its jobs, of networks that are as dear as random ones. */
export interface SearchCosts {
  /** On average. */
  readonly expected: Jobs;
  /** As chance may have it; `perExample` draws the multiply-adds of an example in a random network. */
  drawn(random: Random, perExample: () => number): Jobs;
}

/** Trials of all simulations of a schedule together, at most; and how many simulations there are. */
const SIMULATED_TRIALS = 60_000;
const [FEWEST, MOST] = [16, 200];

const simulations = (evaluations: number): number =>
  Math.max(FEWEST, Math.min(MOST, Math.floor(SIMULATED_TRIALS / Math.max(1, evaluations))));

/** More networks than that cost their mean and what is normal around it. */
const ONE_BY_ONE = 256;

const sumOfDraws = (n: number, random: Random, draw: () => number): number => {
  const draws = Array.from({ length: Math.min(n, ONE_BY_ONE) }, draw);
  if (n <= ONE_BY_ONE) return sum(draws);
  const average = mean(draws);
  const variance = mean(draws.map((cost) => (cost - average) ** 2));
  return n * average + Math.sqrt(n * variance) * random.normal();
};

const costOfTrials = (
  trials: readonly SimulatedTrial[],
  evaluations: number,
  perNetwork: (network: string) => number,
): Jobs => {
  const costs = trials.map(({ network, passes }) => costOfPasses(passes, perNetwork(network)));
  return {
    jobs: evaluations,
    images: sum(costs.map(({ images }) => images)),
    multiplyAdds: sum(costs.map(({ multiplyAdds }) => multiplyAdds)),
  };
};

/** Of a search with rungs: its schedule decides how far networks are trained, and chance what it promotes. */
const scheduled = (
  runs: readonly (readonly SimulatedTrial[])[],
  evaluations: number,
  average: number,
): SearchCosts => {
  const all = runs.map((trials) => costOfTrials(trials, evaluations, () => average));
  return {
    expected: {
      jobs: evaluations,
      images: mean(all.map(({ images }) => images)),
      multiplyAdds: mean(all.map(({ multiplyAdds }) => multiplyAdds)),
    },
    drawn: (random, perExample) => {
      const known = new Map<string, number>();
      return costOfTrials(random.pick(runs), evaluations, (network) => {
        const cost = known.get(network) ?? perExample();
        known.set(network, cost);
        return cost;
      });
    },
  };
};

/** What one search of an experiment costs; nothing where it is looked up, or not searched at all. */
export const searchCosts = (
  experiment: Experiment,
  dataset: DatasetManifest,
  networks: RunNetworks,
): SearchCosts => {
  const { strategy, stages } = experiment;
  const [job] = searchJobs(experiment);
  if (job === undefined || stages.search.table !== undefined)
    return { expected: NO_JOBS, drawn: () => NO_JOBS };
  const average = mean(networks.costs('search'));
  const { evaluations = 0, recipe } = stages.search;
  const schedule = isBlackBox(strategy) ? STRATEGIES[strategy.name].schedule : undefined;
  if (isBlackBox(strategy) && schedule !== undefined) {
    const simulate = simulatedTrials(experiment, strategy, schedule, dataset);
    const runs = Array.from({ length: simulations(evaluations) }, (_, seed) => simulate(seed));
    return scheduled(runs, evaluations, average);
  }
  const spec = programOf(
    experiment,
    isBlackBox(strategy)
      ? { kind: 'trial', jobId: job.jobId, seed: job.seed, genotype: '', rungs: [recipe.epochs] }
      : job,
  );
  const jobs = isBlackBox(strategy) ? evaluations : 1;
  const passes = passesOf(spec, taskOf(dataset.task).cuts(dataset, spec));
  const cost = (perExample: number): Jobs => {
    const { images, multiplyAdds } = costOfPasses(passes, perExample);
    return { jobs, images: jobs * images, multiplyAdds: jobs * multiplyAdds };
  };
  return {
    expected: cost(average),
    // One job draws so many networks, a minibatch each, that they cost their mean.
    drawn: (random, perExample) =>
      cost(isBlackBox(strategy) ? sumOfDraws(jobs, random, perExample) / Math.max(1, jobs) : average),
  };
};
