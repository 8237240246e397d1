import type { LearntTask } from '../../space/registry.ts';
import { DEFAULT_TASK, type TaskKind } from '../../task/terms.ts';
import { imageClassification } from './images/image-classification.ts';
import type { TensorTask } from './tensor-task.ts';
import { languageModelling } from './text/language-modelling.ts';

/** Tensor halves by kind of all tasks that networks of some space learn. */
export const TENSOR_TASKS = {
  'image-classification': imageClassification,
  'language-modelling': languageModelling,
} satisfies { [Kind in LearntTask & TaskKind]: unknown };

/**
 * That of a kind, which has forgotten its types: it is handed what is its own alone. Throws for a task that no
 * space is for, which `checkTask` refuses in experiments.
 */
export const tensorTaskOf = (kind: TaskKind = DEFAULT_TASK): TensorTask => {
  const task: unknown = (TENSOR_TASKS as Partial<Record<TaskKind, unknown>>)[kind];
  if (task === undefined) throw new Error(`${kind}: no space has networks that learn it`);
  return task as TensorTask;
};
