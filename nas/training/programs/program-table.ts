import { isSearch, type ProgramSpec, type TrainNetworkSpec } from '../../job/job.ts';
import type { OneJobName } from '../../search/one-job/registry.ts';
import type { TrainingProgram } from '../program.ts';
import { dartsProgram } from './darts-strategy.ts';
import { enasProgram } from './enas-search.ts';
import { withInheritedWeights } from '../tasks/images/inherited-weights.ts';
import type { OneJobProgram } from './one-job-program.ts';
import type { LearningResources, ProgramResources } from './resources.ts';
import { smashProgram } from './smash-search.ts';
import { snasProgram } from './snas-strategy.ts';
import { tensorTaskOf } from '../tasks/registry.ts';
import { trainNetwork } from './train-network.ts';
import { weightSharingProgram } from './weight-sharing-search.ts';

/** The tensor halves of `ONE_JOB_SEARCHES`. */
const ONE_JOB_PROGRAMS: { readonly [Name in OneJobName]: OneJobProgram<Name> } = {
  'random-weight-sharing': weightSharingProgram,
  darts: dartsProgram,
  snas: snasProgram,
  enas: enasProgram,
  smash: smashProgram,
};

/** The tensor half of the search that a choice names; a spec of that name is all that it is ever given. */
export const oneJobProgramOf = ({ name }: { readonly name: OneJobName }): OneJobProgram<OneJobName> =>
  ONE_JOB_PROGRAMS[name] as OneJobProgram<OneJobName>;

const networkProgram = async (
  spec: TrainNetworkSpec,
  resources: LearningResources,
): Promise<TrainingProgram> => {
  const network = resources.task.network(resources.tf, resources.data, spec);
  const { inherited } = resources;
  return trainNetwork(
    spec,
    inherited === undefined ? network : await withInheritedWeights(spec, network, inherited, resources),
    resources,
  );
};

/** Creates the program of a spec at its first step. */
export const createProgram = (spec: ProgramSpec, given: ProgramResources): Promise<TrainingProgram> => {
  const resources = { ...given, task: tensorTaskOf(spec.data.task) };
  return isSearch(spec)
    ? oneJobProgramOf(spec.strategy).create(spec, resources)
    : networkProgram(spec, resources);
};
