import { imageTerms } from './images/image-terms.ts';
import { textTerms } from './text/text-terms.ts';
import type { Metric } from './metric.ts';
import type { TaskTerms } from './task-terms.ts';

/** By kind of task. */
export const TERMS = {
  'image-classification': imageTerms,
  'language-modelling': textTerms,
} as const satisfies Readonly<Record<string, TaskTerms>>;
export type TaskKind = keyof typeof TERMS;

export const taskKinds = (): readonly TaskKind[] => Object.keys(TERMS) as TaskKind[];

/** The task of documents that name none: there was no other when they were written. */
export const DEFAULT_TASK: TaskKind = 'image-classification';

export const termsOf = (kind: TaskKind = DEFAULT_TASK): TaskTerms => TERMS[kind];

/** The metric of an experiment's task. */
export const metricOf = ({ task }: { readonly task: { readonly kind: TaskKind } }): Metric =>
  termsOf(task.kind).metric;
