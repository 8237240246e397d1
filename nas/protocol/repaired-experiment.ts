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

const fieldsOf = (issue: z.core.$ZodIssue): readonly Field[] =>
  issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];

const without = (value: unknown, [part, ...rest]: Field): unknown => {
  if (typeof value !== 'object' || value === null || part === undefined) return value;
  // An entry of a list cannot be left out without moving the others.
  if (Array.isArray(value)) return undefined;
  const { [part as string]: below, ...others } = value as Readonly<Record<string, unknown>>;
  if (rest.length === 0) return others;
  const kept = without(below, rest);
  return kept === undefined ? others : { ...others, [part]: kept };
};

/**
 * An experiment that the schema accepts, from one that it refuses, with the fields that are not the user's; `undefined` where
 * leaving out what is wrong is not enough.
 */
export const repairedExperiment = (
  raw: unknown,
  issues: readonly z.core.$ZodIssue[],
): { readonly experiment: Experiment; readonly fields: readonly Field[] } | undefined => {
  const wrong = issues.flatMap(fieldsOf);
  const attempts: readonly (readonly Field[])[] = [
    wrong,
    // What is wrong deep inside may be needed there.
    wrong.map((field) => field.slice(0, 2)),
    wrong.map((field) => field.slice(0, 1)),
  ];
  for (const fields of attempts) {
    const left = fields.reduce(without, raw) as Readonly<Record<string, unknown>>;
    const missing = Object.keys(STAND_INS).filter((name) => left[name] === undefined);
    const stood = Object.fromEntries(missing.map((name) => [name, STAND_INS[name]]));
    const parsed = experimentSchema.safeParse({ ...left, ...stood });
    if (!parsed.success) continue;
    const guessed = [...fields, ...missing.map((name) => [name])];
    return { experiment: withStrategyDefaults(parsed.data), fields: guessed };
  }
  return undefined;
};

const begins = (path: Field, start: Field): boolean =>
  start.every((part, i) => String(path[i]) === String(part));

/** The same value; `onRead` is called whenever one of the fields, or what they belong to as a whole, is read of it. */
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
