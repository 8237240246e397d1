import type { Json } from '../../nas/core/json.ts';
import type { ArchitectureGraph } from '../../nas/space/drawings/architecture-graph.ts';
import { DRAWINGS } from '../../nas/space/drawings/registry.ts';
import type { SpaceDefinition } from '../../nas/space/definitions/definition.ts';
import { SPACE_NAMES, SPACES, spaceSchema } from '../../nas/space/registry.ts';
import type { Task, TaskTypes } from '../../nas/task/task.ts';
import type { TaskTerms } from '../../nas/task/task-terms.ts';
import { TASKS } from '../../nas/task/tasks.ts';
import { TERMS } from '../../nas/task/terms.ts';
import type { ZodRawShape, ZodType } from 'zod';

/**
 * Lines of a test's own in the tables of the product. Schemas read the tables when they are first used, so
 * that the lines are there if they are added while files are loaded.
 */
export const addTask = <Of extends TaskTypes>(kind: string, terms: TaskTerms, task: Task<Of>): void => {
  Object.assign(TERMS, { [kind]: terms });
  Object.assign(TASKS, { [kind]: task });
};

export const addSpace = <Name extends string, Shape extends ZodRawShape, G extends Json>(
  definition: SpaceDefinition<Name, Shape>,
  graphs: (genotype: G) => readonly ArchitectureGraph[],
): void => {
  (SPACE_NAMES as string[]).push(definition.name);
  Object.assign(SPACES, { [definition.name]: definition });
  Object.assign(DRAWINGS, { [definition.name]: graphs });
  (spaceSchema.def.options as unknown as ZodType[]).push(definition.schema);
};
