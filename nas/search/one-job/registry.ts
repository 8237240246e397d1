import type { z } from 'zod';
import { darts } from './darts.ts';
import { enas } from './enas.ts';
import type { OneJobSearch } from './one-job-search.ts';
import { randomWeightSharing } from './random-weight-sharing.ts';
import { smash } from './smash.ts';
import { snas } from './snas.ts';

/** All searches of one job by name, in the order in which experiments list them. */
export const ONE_JOB_SEARCHES = {
  'random-weight-sharing': randomWeightSharing,
  darts,
  snas,
  enas,
  smash,
} as const satisfies Record<string, OneJobSearch>;
export type OneJobName = keyof typeof ONE_JOB_SEARCHES;

/** A search of one job with its options. */
export type OneJobChoice<Name extends OneJobName = OneJobName> = z.infer<
  (typeof ONE_JOB_SEARCHES)[Name]['schema']
>;

/** Whether the strategy is a program of one job; the others propose trials, or are no search at all. */
export const isOneJob = (strategy: { readonly name: string }): strategy is OneJobChoice =>
  Object.hasOwn(ONE_JOB_SEARCHES, strategy.name);

/** The definition that a choice names. */
export const oneJobSearchOf = ({ name }: Pick<OneJobChoice, 'name'>): OneJobSearch => ONE_JOB_SEARCHES[name];

export type OneJobSchema = (typeof ONE_JOB_SEARCHES)[OneJobName]['schema'];

/** One schema for each search of one job, told apart by `name`. */
export const oneJobSchemas = Object.values(ONE_JOB_SEARCHES).map(
  ({ schema }) => schema,
) as unknown as readonly [OneJobSchema, ...OneJobSchema[]];

/** Those that rank many architectures by what they trained, by name. */
export const rankingSearches = (): readonly string[] =>
  Object.values<OneJobSearch>(ONE_JOB_SEARCHES).flatMap(({ name, candidates }) =>
    candidates === undefined ? [] : [name],
  );
