import { z } from 'zod';
import { imageClassification } from './images/image-classification.ts';
import type { DatasetManifest } from './manifest.ts';
import { languageModelling } from './text/language-modelling.ts';
import type { Task, TaskTypes } from './task.ts';
import { DEFAULT_TASK, taskKinds, type TaskKind } from './terms.ts';

/** Pure halves of tasks by kind. */
export const TASKS = {
  'image-classification': imageClassification,
  'language-modelling': languageModelling,
} as const satisfies {
  readonly [Kind in TaskKind]: Task;
};

/** The task of a kind, which has forgotten its types: it is handed what is its own alone. */
export const taskOf = (kind: TaskKind = DEFAULT_TASK): Task => TASKS[kind] as unknown as Task<TaskTypes>;

/** The kind of task that a document names by a field of its own, the default one where it names none. */
export const namedTask = (name: unknown): TaskKind =>
  taskKinds().find((kind) => kind === name) ?? DEFAULT_TASK;

/** A data set's manifest, of whatever task. */
export const datasetManifestSchema: z.ZodType<DatasetManifest> = z
  .looseObject({})
  .transform((raw, context) => {
    const { task = DEFAULT_TASK } = raw;
    const kind = taskKinds().find((one) => one === task);
    if (kind === undefined) {
      context.addIssue({ code: 'invalid_value', values: [...taskKinds()], path: ['task'], input: task });
      return z.NEVER;
    }
    const parsed = taskOf(kind).manifest.safeParse(raw);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) context.issues.push({ ...issue, input: raw } as never);
    return z.NEVER;
  });
