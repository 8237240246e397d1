import { mean } from 'simple-statistics';
import type { Experiment } from '../experiment/experiment.ts';
import { STAGE_NAMES, type StageName } from '../experiment/stage-name.ts';
import { deriveSeed, randomFromSeed } from '../core/random.ts';
import { remembered } from '../core/remembered.ts';
import type { DatasetManifest } from '../task/manifest.ts';
import type { StageKey } from '../task/task.ts';
import { runCosts, type Jobs, type Unknowns } from './run-costs.ts';
import { runNetworks, type RunNetworks } from './run-networks.ts';
import { searchCosts, type SearchCosts } from './search-costs.ts';
import { rangeOf, type Range } from './spread.ts';

/** Expected cost of one stage; cells that are not known are taken to be as dear as random ones are. */
export interface StageEstimate extends Jobs {
  readonly stage: StageName;
  /**
   * Between which values four of five runs lie, by the chance of which networks they find, and which a
   * schedule promotes.
   */
  readonly likely: { readonly images: Range; readonly multiplyAdds: Range };
  /** Machine hours if every attempt of every job used its whole time limit. */
  readonly hoursAtMost: number;
  /** Their spot price; `null` where the experiment does not state one. */
  readonly dollarsAtMost: number | null;
}

/** Runs that ranges are of. */
const RUNS = 100;

const onAverage = (networks: RunNetworks, search: SearchCosts): Unknowns => ({
  search: () => search.expected,
  network: remembered((stage: StageKey) => mean(networks.randomCosts(stage))),
});

/**
 * As chance may have it. The random networks that costs are drawn from are themselves drawn anew from those
 * that are known: these are as uncertain as few of them tell little.
 */
const byChance = (networks: RunNetworks, search: SearchCosts, run: number): Unknowns => {
  const random = randomFromSeed(deriveSeed(run, 'estimate'));
  const pool = remembered((stage: StageKey) => {
    const costs = networks.randomCosts(stage);
    return costs.map(() => random.pick(costs));
  });
  const network = (stage: StageKey): number => random.pick(pool(stage));
  return { network, search: () => search.drawn(random, () => network('search')) };
};

/**
 * Estimates each stage from the experiment and the data set's sizes; nothing is run. Examples are counted by
 * the functions by which the programs count them.
 */
export const estimate = (
  experiment: Experiment,
  dataset: DatasetManifest,
  networks = runNetworks(experiment, dataset),
): StageEstimate[] => {
  const { stages, resources, gate } = experiment;
  const costsOf = runCosts(experiment, dataset, networks);
  const search = searchCosts(experiment, dataset, networks);
  const expected = costsOf(onAverage(networks, search));
  const runs = Array.from({ length: RUNS }, (_, run) => costsOf(byChance(networks, search, run)));
  return STAGE_NAMES.map((stage) => {
    const cost = expected[stage];
    // A gate that finds the ranking untrustworthy lets stage 2 retrain more.
    const further = stage === 'retrain-top' ? Math.max(0, (gate?.topK ?? 0) - stages.retrain.topK) : 0;
    const hoursAtMost = ((cost.jobs + further) * resources.attempts * resources.timeoutSeconds) / 3600;
    const { spotDollarsPerHour } = resources;
    return {
      stage,
      ...cost,
      likely: {
        images: rangeOf(runs.map((run) => run[stage].images)),
        multiplyAdds: rangeOf(runs.map((run) => run[stage].multiplyAdds)),
      },
      hoursAtMost,
      dollarsAtMost: spotDollarsPerHour === 0 ? null : hoursAtMost * spotDollarsPerHour,
    };
  });
};
