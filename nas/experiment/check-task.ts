import { inputError, type InputError } from '../core/input-error.ts';
import type { Place } from '../core/place.ts';
import { definitionOf, SPACE_NAMES } from '../space/registry.ts';
import type { DatasetManifest } from '../task/manifest.ts';
import { DEFAULT_TASK } from '../task/terms.ts';
import type { Check } from './check.ts';
import type { Experiment } from './experiment.ts';

/** Networks of the space learn the task of the experiment. */
export const checkTaskOfSpace: Check = function* ({ space, task }, place) {
  const own = definitionOf(space.name).task;
  if (own !== task.kind)
    yield inputError(
      place(['space', 'name']),
      space.name,
      `spaces of ${task.kind}: ${SPACE_NAMES.filter((name) => definitionOf(name).task === task.kind).join(', ')}`,
      `its networks learn ${own}: choose another space, or write task: { kind: ${own}, … }`,
    );
};

/** The data set is one of the experiment's task; whatever else is asked of it asks this before. */
export function* checkTaskOfData(
  { task }: Experiment,
  { name, task: own = DEFAULT_TASK }: DatasetManifest,
  place: Place,
): Generator<InputError> {
  if (own !== task.kind)
    yield inputError(
      place(['task', 'data']),
      name,
      `data sets of ${task.kind}`,
      `this one is of ${own}: name another (nas data list), or write task: { kind: ${own}, … }`,
    );
}
