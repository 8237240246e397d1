import { remembered } from '../core/remembered.ts';
import type { Random } from '../core/random.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { givenCell } from '../experiment/given-cell.ts';
import { isSearch } from '../job/program-spec.ts';
import { programOf, searchJobs } from '../protocol/plan.ts';
import { isGiven } from '../search/given.ts';
import type { OneJobSearch } from '../search/one-job/one-job-search.ts';
import { isOneJob, oneJobSearchOf } from '../search/one-job/registry.ts';
import { spaceOf } from '../space/spaces.ts';
import type { DatasetManifest } from '../task/manifest.ts';
import { STAGE_KEYS, type StageKey } from '../task/task.ts';
import { oneJobProgramOf } from '../training/programs/program-table.ts';
import type { NetworkFacts } from '../training/tasks/tensor-task.ts';
import { tensorTaskOf } from '../training/tasks/registry.ts';
import { drawnNetworks } from './drawn-networks.ts';

/** What the jobs of a stage train, as far as it is known before it. */
interface TrainedNetworks {
  /** What it is, in words. */
  readonly network: string;
  /** Several where chance, or the search, decides which it is. */
  readonly facts: readonly NetworkFacts[];
}

/** The networks of a run before anything is trained; each is described once. */
export interface RunNetworks {
  /** Multiply-adds of one example, forward, in the network of a printed genotype. */
  cost(stage: StageKey, genotype: string): number;
  /** The same of random networks of the space. */
  randomCosts(stage: StageKey): readonly number[];
  /** The same of what the jobs of a stage train. */
  costs(stage: StageKey): readonly number[];
  trained(stage: StageKey): TrainedNetworks;
}

/** What a search of one job trains at a step, drawn so many times. */
const SEARCHED: Readonly<Record<OneJobSearch['trains'], (drawn: number) => string>> = {
  mixture: () => 'supernet',
  children: (drawn) => `shared weights, ${drawn} random children`,
  'generated weights': (drawn) => `generated weights, ${drawn} random networks`,
};

/**
 * Networks of an experiment on a data set; of random ones at most `most` are tried. Its functions throw
 * `InvalidArchitectureError` where networks cannot be built.
 */
export const runNetworks = (experiment: Experiment, dataset: DatasetManifest, most?: number): RunNetworks => {
  const { space, strategy, task, stages } = experiment;
  const { describe } = tensorTaskOf(task.kind);
  const { sample } = spaceOf(space);
  /** Multiply-adds depend on the size alone. */
  const sizes = new Map(STAGE_KEYS.map((stage) => [stage, JSON.stringify(stages[stage].network)]));
  const cost = (stage: StageKey, genotype: string): number =>
    describe(dataset, { space, genotype, size: stages[stage].network }).multiplyAdds;
  const drawnCosts = remembered((stage: StageKey) =>
    drawnNetworks(
      (random) => cost(stage, sample(random).genotype),
      (multiplyAdds) => multiplyAdds,
      most,
    ),
  );
  const randomCosts = (stage: StageKey): readonly number[] =>
    drawnCosts(STAGE_KEYS.find((other) => sizes.get(other) === sizes.get(stage)) ?? stage);
  const facts = (stage: StageKey, genotype: string): NetworkFacts => {
    const { network: size, recipe } = stages[stage];
    return describe(dataset, { space, genotype, size, recipe });
  };
  const drawnFacts = (draw: (random: Random) => NetworkFacts): readonly NetworkFacts[] =>
    drawnNetworks(draw, ({ multiplyAdds }) => multiplyAdds, most);
  /** Of a search of one job. */
  const searched = remembered((stage: StageKey): TrainedNetworks | undefined => {
    const [job] = searchJobs(experiment);
    if (stage !== 'search' || job === undefined || !isOneJob(strategy)) return undefined;
    const spec = programOf(experiment, job);
    if (!isSearch(spec)) throw new Error(`${job.jobId}: no search of one job`);
    const drawn = drawnFacts(oneJobProgramOf(spec.strategy).describe(spec, dataset));
    return { network: SEARCHED[oneJobSearchOf(spec.strategy).trains](drawn.length), facts: drawn };
  });
  return {
    cost,
    randomCosts,
    costs: (stage) =>
      searched(stage)?.facts.map(({ multiplyAdds }) => multiplyAdds) ??
      (isGiven(strategy) ? [cost(stage, givenCell(experiment).genotype)] : randomCosts(stage)),
    trained: (stage) => {
      const found = searched(stage);
      if (found !== undefined) return found;
      if (isGiven(strategy))
        return { network: 'given cell', facts: [facts(stage, givenCell(experiment).genotype)] };
      const drawn = drawnFacts((random) => facts(stage, sample(random).genotype));
      return { network: `${drawn.length} random networks`, facts: drawn };
    },
  };
};
