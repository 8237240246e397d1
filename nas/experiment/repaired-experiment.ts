import type { z } from 'zod';
import { withStrategyDefaults } from './check-black-box.ts';
import { experimentSchema } from './experiment.ts';
import type { Experiment } from './experiment.ts';

type Field = readonly PropertyKey[];

/** What stands in for fields without a default; whoever reads them has read a guess. */
const STAND_INS: Readonly<Record<string, unknown>> = {
  name: 'unnamed',
  space: { name: 'darts-cnn' },
  strategy: { name: 'random-weight-sharing' },
  task: { data: 'unnamed' },
};

/** A wrong entry makes its whole list a guess: without it the others have moved. */
const upToList = (field: Field): Field => {
  const entry = field.findIndex((part) => typeof part === 'number');
  return entry < 0 ? field : field.slice(0, entry);
};

const fieldsOf = (issue: z.core.$ZodIssue): readonly Field[] =>
  (issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]).map(
    upToList,
  );

const without = (value: unknown, [part, ...rest]: Field): unknown => {
  if (typeof value !== 'object' || value === null || part === undefined) return value;
  const { [part as string]: below, ...others } = value as Readonly<Record<string, unknown>>;
  if (rest.length === 0) return others;
  const kept = without(below, rest);
  return kept === undefined ? others : { ...others, [part]: kept };
};

/** Rounds of leaving out what is wrong; each goes one level further up where the last was not enough. */
const ROUNDS = 6;

const isSame = (a: Field, b: Field): boolean => a.length === b.length && a.every((part, i) => part === b[i]);

/** The field, or what it belongs to where the field itself is left out already: something is needed there. */
const further = (field: Field, left: readonly Field[]): Field =>
  field.length > 1 && left.some((other) => isSame(other, field)) ? further(field.slice(0, -1), left) : field;

/**
 * An experiment that the schema accepts, from one that it refuses, with the fields that are not the user's;
 * `undefined` where leaving out what is wrong is not enough.
 */
export const repairedExperiment = (
  raw: unknown,
  issues: readonly z.core.$ZodIssue[],
): { readonly experiment: Experiment; readonly fields: readonly Field[] } | undefined => {
  let fields = issues.flatMap(fieldsOf);
  for (let round = 0; round < ROUNDS; round++) {
    const left = fields.reduce(without, raw) as Readonly<Record<string, unknown>>;
    const missing = Object.keys(STAND_INS).filter((name) => left[name] === undefined);
    const stood = Object.fromEntries(missing.map((name) => [name, STAND_INS[name]]));
    const parsed = experimentSchema.safeParse({ ...left, ...stood });
    if (parsed.success)
      return {
        experiment: withStrategyDefaults(parsed.data),
        fields: [...fields, ...missing.map((name) => [name])],
      };
    const known = fields;
    fields = [...known, ...parsed.error.issues.flatMap(fieldsOf).map((field) => further(field, known))];
  }
  return undefined;
};

const begins = (path: Field, start: Field): boolean =>
  start.every((part, i) => String(path[i]) === String(part));

/**
 * The same value; `onRead` is called whenever one of the fields, or what they belong to as a whole, is read
 * of it.
 */
export const watched = <T>(value: T, fields: readonly Field[], onRead: () => void): T => {
  const watch = (at: unknown, path: Field): unknown => {
    if (typeof at !== 'object' || at === null) return at;
    return new Proxy(at, {
      get: (target, key) => {
        const below = [...path, key];
        if (fields.some((field) => begins(below, field))) onRead();
        return watch(Reflect.get(target, key), below);
      },
      ownKeys: (target) => {
        if (fields.some((field) => begins(field, path))) onRead();
        return Reflect.ownKeys(target);
      },
      has: (target, key) => {
        if (fields.some((field) => begins([...path, key], field))) onRead();
        return Reflect.has(target, key);
      },
    });
  };
  return watch(value, []) as T;
};
