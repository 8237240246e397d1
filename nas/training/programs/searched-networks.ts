import { inputError } from '../../core/input-error.ts';
import type { Random } from '../../core/random.ts';
import type { ProgramTask, SearchSpec } from '../../job/program-spec.ts';
import { chosenSpace } from '../../space/registry.ts';
import type { DatasetManifest } from '../../task/manifest.ts';
import { tensorTaskOf } from '../tasks/registry.ts';
import type { ScoreStatistics } from '../../space/definitions/definition.ts';
import type { Children, Mixture, NetworkFacts } from '../tasks/tensor-task.ts';
import type { LearningResources } from './resources.ts';

const refusal = (space: string, what: string): Error =>
  inputError('space.name', space, `spaces whose networks ${what}`, 'use another space, or another strategy');

/** The children of a search. */
export const childrenOf = (
  spec: SearchSpec,
  { tf, data, task }: LearningResources,
  statistics?: ScoreStatistics,
): Children => {
  const children = task.children?.(tf, data, spec, statistics);
  if (children === undefined) throw refusal(spec.space.name, 'share weights');
  return children;
};

/** What a random child costs, under the weights of all. */
export const randomChild = (
  { space, network: size, recipe, data }: ProgramTask,
  manifest: DatasetManifest,
): ((random: Random) => NetworkFacts) => {
  const { sample } = chosenSpace(space);
  const child = tensorTaskOf(data.task).describeChildren?.(manifest, { space, size, recipe });
  if (child === undefined) throw refusal(space.name, 'share weights');
  return (random) => child(sample(random));
};

/** The mixture of a search. */
export const mixtureOf = (spec: SearchSpec, { tf, data, task }: LearningResources): Mixture => {
  const mixture = task.mixture?.(tf, data, spec);
  if (mixture === undefined) throw refusal(spec.space.name, 'are mixed');
  return mixture;
};

/** What a mixture costs. */
export const describedMixture = (
  { space, network: size, recipe, data }: ProgramTask,
  manifest: DatasetManifest,
): NetworkFacts => {
  const facts = tensorTaskOf(data.task).describeMixture?.(manifest, { space, size, recipe });
  if (facts === undefined) throw refusal(space.name, 'are mixed');
  return facts;
};
