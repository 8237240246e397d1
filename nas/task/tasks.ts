import { imageClassification } from './images/image-classification.ts';
import type { DataFacts, Task } from './task.ts';
import type { TaskKind } from './terms.ts';

/** Pure halves of tasks by kind. */
export const TASKS = { 'image-classification': imageClassification } as const satisfies {
  readonly [Kind in TaskKind]: Task<never>;
};

/** The task of a kind; it is given data of its own kind alone. */
export const taskOf = (kind: TaskKind): Task<DataFacts> => TASKS[kind] as Task<never>;
