import { z } from 'zod';
import { describedExperiment } from './experiment.ts';
import { inputError } from '../core/input-error.ts';
import type { InputError } from '../core/input-error.ts';
import { suggestion } from '../core/nearest.ts';

interface DescribedIssue {
  readonly path: readonly PropertyKey[];
  readonly value: unknown;
  readonly allowed: string;
  readonly fix: string;
}

interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
}

/**
 * The JSON Schema of experiments, for editors (`nas schema`): of all tasks, or, for messages about one that
 * is written, of its own.
 */
export const experimentJsonSchema = (raw?: unknown): object =>
  z.toJSONSchema(describedExperiment(raw), { io: 'input', target: 'draft-2020-12' });

const valueAt = (root: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (at, part) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[part] : undefined,
    root,
  );

/** Whether the schema's constants, such as a `name` that tells alternatives apart, are those of the value. */
const isMeant = (schema: JsonSchema, value: unknown): boolean =>
  Object.entries(schema.properties ?? {}).every(
    ([name, field]) => field.const === undefined || field.const === (valueAt(value, [name]) ?? field.default),
  );

/** Of the schemas of objects those that the value means, or all of them where it means none. */
const meantOf = (schemas: readonly JsonSchema[], value: unknown): readonly JsonSchema[] => {
  const objects = schemas.filter(({ properties }) => properties !== undefined);
  const meant = objects.filter((schema) => isMeant(schema, value));
  return meant.length > 0 ? meant : objects;
};

/** The schemas that describe a place of the document; several where the place has alternatives. */
const schemasAt = (
  schema: JsonSchema,
  path: readonly PropertyKey[],
  root: unknown,
): readonly JsonSchema[] => {
  const alternatives = (one: JsonSchema): JsonSchema[] => [
    one,
    ...[...(one.oneOf ?? []), ...(one.anyOf ?? [])].flatMap(alternatives),
  ];
  return path.reduce<readonly JsonSchema[]>(
    (at, part, depth) =>
      (typeof part === 'number' ? at : meantOf(at, valueAt(root, path.slice(0, depth)))).flatMap((one) => {
        const next = typeof part === 'number' ? one.items : one.properties?.[String(part)];
        return next === undefined ? [] : alternatives(next);
      }),
    alternatives(schema),
  );
};

const fieldsAt = (schema: JsonSchema, path: readonly PropertyKey[], root: unknown): string[] => {
  const described = meantOf(schemasAt(schema, path, root), valueAt(root, path));
  return [...new Set(described.flatMap((one) => Object.keys(one.properties ?? {})))].sort();
};

const wordsAt = (schema: JsonSchema, path: readonly PropertyKey[], root: unknown): string[] =>
  [
    ...new Set(
      schemasAt(schema, path, root).flatMap((one) => [
        ...(one.const === undefined ? [] : [String(one.const)]),
        ...(one.enum ?? []).map(String),
      ]),
    ),
  ].sort();

/** What a document may hold, and where a person can look that up. */
interface DocumentGuide {
  /** JSON Schema of the document as it is written. */
  readonly schema: object;
  readonly lookUp: string;
  /** What to do about a field, by its dotted path, where more can be said than of any field. */
  readonly fixes?: Readonly<Record<string, string>>;
}

export const experimentGuide = (raw: unknown): DocumentGuide => ({
  schema: experimentJsonSchema(raw),
  lookUp: 'run nas schema to see every field with its type and default',
});

const bound = (issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string => {
  const small = issue.code === 'too_small';
  const limit = small ? issue.minimum : issue.maximum;
  const sign = small ? (issue.inclusive === false ? '>' : '≥') : issue.inclusive === false ? '<' : '≤';
  const what = issue.origin === 'array' ? 'number of entries ' : issue.origin === 'string' ? 'length ' : '';
  return `${what}${sign} ${String(limit)}`;
};

const noWord = (path: readonly PropertyKey[], value: unknown, words: readonly string[]): DescribedIssue => ({
  path,
  value,
  allowed: words.join(', ') || 'what the schema says of this field',
  fix: suggestion(value, words, 'use one of the allowed values'),
});

/** Turns a schema issue into the four parts of an input error; of several unknown fields the first. */
const describeIssue = (root: unknown, issue: z.core.$ZodIssue, guide: DocumentGuide): DescribedIssue => {
  const schema = guide.schema as JsonSchema;
  const value = valueAt(root, issue.path) ?? null;
  switch (issue.code) {
    case 'unrecognized_keys': {
      const key = issue.keys[0] ?? '';
      const fields = fieldsAt(schema, issue.path, root);
      const path = [...issue.path, key];
      return {
        path,
        value: valueAt(root, path) ?? null,
        allowed: `the fields ${fields.join(', ')}`,
        fix: suggestion(key, fields, 'remove the field'),
      };
    }
    case 'invalid_union': {
      // A discriminated union whose tag is unknown points at the tag; other unions at the whole value.
      const words = wordsAt(schema, issue.path, root);
      const types = schemasAt(schema, issue.path, root)
        .flatMap(({ type }) => type ?? [])
        .filter((type) => words.length === 0 || type !== 'string');
      return noWord(issue.path, value, [...words, ...new Set(types)]);
    }
    case 'invalid_value':
      return noWord(issue.path, value, issue.values.map(String));
    case 'invalid_type': {
      const missing = value === null;
      const words = wordsAt(schema, issue.path, root);
      if (words.length > 0) return noWord(issue.path, value, words);
      return {
        path: issue.path,
        value,
        allowed: issue.expected === 'int' ? 'an integer' : `a value of type ${issue.expected}`,
        fix: missing ? 'add the field' : guide.lookUp,
      };
    }
    case 'too_small':
    case 'too_big':
      return { path: issue.path, value, allowed: bound(issue), fix: 'choose a value within the bound' };
    default:
      return { path: issue.path, value, allowed: issue.message.replace(/^allowed: /, ''), fix: guide.lookUp };
  }
};

const samePath = (a: readonly PropertyKey[], b: readonly PropertyKey[]): boolean =>
  a.length === b.length && a.every((part, i) => part === b[i]);

/**
 * Every issue of a document as an input error. A misspelt field is also a missing one; the misspelling is
 * what helps, and the other is left out.
 */
export const issueErrors = (
  root: unknown,
  issues: readonly z.core.$ZodIssue[],
  guide: DocumentGuide,
  place: (path: readonly PropertyKey[]) => string,
): InputError[] => {
  const single = issues.flatMap((issue): readonly z.core.$ZodIssue[] =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ ...issue, keys: [key] })) : [issue],
  );
  const described = single.map((issue) => ({ issue, ...describeIssue(root, issue, guide) }));
  const meant = described.flatMap(({ issue, path, fix }) => {
    const word = /^did you mean (.+)\?$/.exec(fix)?.[1];
    return issue.code === 'unrecognized_keys' && word !== undefined ? [[...path.slice(0, -1), word]] : [];
  });
  return described
    .filter(
      ({ issue, path, value }) =>
        issue.code === 'unrecognized_keys' || value !== null || !meant.some((field) => samePath(field, path)),
    )
    .map(({ path, value, allowed, fix }) =>
      inputError(place(path), value, allowed, guide.fixes?.[path.join('.')] ?? fix),
    );
};
