import { inputError } from '../../nas/core/input-error.ts';
import { suggestion } from '../../nas/core/nearest.ts';
import type { RunListing } from './list-runs.ts';

/** Which runs a list is to have; what is absent does not matter. */
export interface RunFilter {
  /** Name, in which `*` stands for any text and `?` for a character. */
  readonly pattern?: string;
  readonly state?: RunListing['status'];
  readonly space?: string;
  readonly strategy?: string;
  readonly data?: string;
  /** Started at this time or later. */
  readonly since?: Date;
  readonly limit?: number;
}

const ATTRIBUTES = { space: 'NasSpace', strategy: 'NasStrategy', data: 'NasDataset' } as const;

/**
 * What Temporal's visibility can choose: the part of the filter that is the same for every execution of a
 * run. A run's state is that of its newest execution, which only the list as a whole tells.
 */
export const visibilityQuery = (filter: RunFilter): string =>
  (Object.keys(ATTRIBUTES) as (keyof typeof ATTRIBUTES)[])
    .flatMap((field) => {
      const value = filter[field];
      if (value === undefined) return [];
      if (!/^[\w.-]+$/.test(value))
        throw inputError(
          `--${field}`,
          value,
          'letters, digits, dots and dashes',
          'give a name without quotes',
        );
      return [`${ATTRIBUTES[field]} = "${value}"`];
    })
    .map((clause) => ` AND ${clause}`)
    .join('');

/** Throws `InputError` where the name is not among those that exist. */
export const checkKnown = (option: string, value: string | undefined, known: readonly string[]): void => {
  if (value !== undefined && !known.includes(value))
    throw inputError(option, value, known.join(', '), suggestion(value, known, 'give one of these names'));
};

const patternOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );

/** The rest of the filter, over runs of which each stands once, newest first. */
export const chosenRuns = (runs: readonly RunListing[], filter: RunFilter): readonly RunListing[] => {
  const { pattern, state, since, limit } = filter;
  const named = pattern === undefined ? undefined : patternOf(pattern);
  return runs
    .filter(
      (run) =>
        (named === undefined || named.test(run.runId)) &&
        (state === undefined || run.status === state) &&
        (since === undefined || Date.parse(run.startedAt) >= since.getTime()),
    )
    .slice(0, limit);
};
