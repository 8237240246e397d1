import { z } from 'zod';
import type { TaskKind } from './terms.ts';

/**
 * The schema of a document whose parts belong to its task: `kindOf` finds the task in what was written,
 * `schemaOf` says what a document of that task is.
 */
export const byTask = <T>(
  kindOf: (raw: unknown) => TaskKind,
  schemaOf: (kind: TaskKind) => z.ZodType<T>,
): z.ZodType<T, unknown> => {
  const schemas = new Map<TaskKind, z.ZodType<T>>();
  return z.unknown().transform((raw, context): T => {
    const kind = kindOf(raw);
    const schema = schemas.get(kind) ?? schemaOf(kind);
    schemas.set(kind, schema);
    const parsed = schema.safeParse(raw);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) context.issues.push({ ...issue, input: raw } as never);
    return z.NEVER;
  });
};
