import { DEFAULT_TASK, type TaskKind } from '../../task/terms.ts';
import { imageClassification } from './image-classification.ts';
import type { TensorTask } from './tensor-task.ts';

/** Tensor halves of tasks by kind. */
export const TENSOR_TASKS = {
  'image-classification': imageClassification,
} satisfies { [Kind in TaskKind]: TensorTask<never> };

export const tensorTaskOf = (kind: TaskKind = DEFAULT_TASK): (typeof TENSOR_TASKS)[TaskKind] =>
  TENSOR_TASKS[kind];
