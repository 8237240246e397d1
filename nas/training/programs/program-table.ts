import { inputError } from '../../core/input-error.ts';
import { isSearch } from '../../job/program-spec.ts';
import type { ProgramSpec, TrainNetworkSpec } from '../../job/program-spec.ts';
import type { OneJobName } from '../../search/one-job/registry.ts';
import type { TrainingProgram } from '../program.ts';
import { dartsProgram } from './darts-strategy.ts';
import { enasProgram } from './enas-search.ts';
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
  const { tf, data, task, inherited } = resources;
  if (inherited === undefined) return trainNetwork(spec, task.network(tf, data, spec), resources);
  const grown = await task.grown?.(tf, data, spec, inherited);
  if (grown === undefined)
    throw inputError(
      'program.space',
      spec.space.name,
      'spaces whose networks grow',
      'let only networks grow whose space knows how',
    );
  return trainNetwork(spec, grown, resources);
};

/** Creates the program of a spec at its first step. */
export const createProgram = (spec: ProgramSpec, given: ProgramResources): Promise<TrainingProgram> => {
  const resources = { ...given, task: tensorTaskOf(spec.data.task) };
  return isSearch(spec)
    ? oneJobProgramOf(spec.strategy).create(spec, resources)
    : networkProgram(spec, resources);
};
