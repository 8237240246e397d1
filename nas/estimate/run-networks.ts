import type { Experiment } from '../experiment/experiment.ts';
import { givenCell } from '../experiment/given-cell.ts';
import { isSearch } from '../job/program-spec.ts';
import { programOf, searchJobs } from '../protocol/plan.ts';
import { isGiven } from '../search/given.ts';
import type { OneJobSearch } from '../search/one-job/one-job-search.ts';
import { isOneJob, oneJobSearchOf } from '../search/one-job/registry.ts';
import { spaceOf } from '../space/spaces.ts';
import type { DatasetManifest } from '../task/manifest.ts';
import type { StageKey } from '../task/task.ts';
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
  /** Of a printed genotype. */
  of(stage: StageKey, genotype: string): NetworkFacts;
  /** Random ones of the space. */
  random(stage: StageKey): readonly NetworkFacts[];
  trained(stage: StageKey): TrainedNetworks;
}

/** What a search of one job trains at a step, drawn so many times. */
const SEARCHED: Readonly<Record<OneJobSearch['trains'], (drawn: number) => string>> = {
  mixture: () => 'supernet',
  children: (drawn) => `shared weights, ${drawn} random children`,
  'generated weights': (drawn) => `generated weights, ${drawn} random networks`,
};

const remembered = <Key, Value>(make: (key: Key) => Value): ((key: Key) => Value) => {
  const known = new Map<Key, Value>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
};

/**
 * Networks of an experiment on a data set; of random ones at most `most` are tried. Its functions throw
 * `InvalidArchitectureError` where networks cannot be built.
 */
export const runNetworks = (experiment: Experiment, dataset: DatasetManifest, most?: number): RunNetworks => {
  const { space, strategy, task, stages } = experiment;
  const { describe } = tensorTaskOf(task.kind);
  const of = (stage: StageKey, genotype: string): NetworkFacts => {
    const { network: size, recipe } = stages[stage];
    return describe(dataset, { space, genotype, size, recipe });
  };
  const random = remembered((stage: StageKey) => {
    const { sample } = spaceOf(space);
    return drawnNetworks((random) => of(stage, sample(random).genotype), most);
  });
  /** Of a search of one job. */
  const searched = (): TrainedNetworks | undefined => {
    const [job] = searchJobs(experiment);
    if (job === undefined || !isOneJob(strategy)) return undefined;
    const spec = programOf(experiment, job);
    if (!isSearch(spec)) throw new Error(`${job.jobId}: no search of one job`);
    const facts = drawnNetworks(oneJobProgramOf(spec.strategy).describe(spec, dataset), most);
    return { network: SEARCHED[oneJobSearchOf(spec.strategy).trains](facts.length), facts };
  };
  const trained = remembered((stage: StageKey): TrainedNetworks => {
    if (isGiven(strategy))
      return { network: 'given cell', facts: [of(stage, givenCell(experiment).genotype)] };
    const found = stage === 'search' ? searched() : undefined;
    if (found !== undefined) return found;
    const facts = random(stage);
    return { network: `${facts.length} random networks`, facts };
  });
  return { of, random, trained };
};
