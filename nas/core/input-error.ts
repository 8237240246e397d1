import { clipped, shownValue } from './shown-value.ts';

/**
 * The user's input is wrong; the message names the field, the value, what is allowed, and the fix. Exit code
 * 2.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** Characters of a message's parts at most: each may quote the input. */
const LIMITS = { field: 300, allowed: 3000, fix: 1000 } as const;

/** Builds the one form that every input error has; no part of it grows with the input. */
export const inputError = (
  field: string,
  value: unknown,
  allowed: string,
  fix: string,
  options?: ErrorOptions,
): InputError =>
  new InputError(
    `${clipped(field, LIMITS.field)}: ${shownValue(value)} is not allowed. ` +
      `Allowed: ${clipped(allowed, LIMITS.allowed)}. Fix: ${clipped(fix, LIMITS.fix)}`,
    options,
  );

/** Errors of one input that are listed at once at most. */
const LISTED = 20;

/** All that is wrong with one input, one line each; a single error stays what it is. */
export const inputErrors = (errors: readonly [InputError, ...InputError[]]): InputError => {
  if (errors.length === 1) return errors[0];
  const lines = [...new Set(errors.flatMap(({ message }) => message.split('\n')))];
  const more = lines.length - LISTED;
  return new InputError([...lines.slice(0, LISTED), ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
};

/**
 * What steps answer that may each find the input wrong, in order. Throws one `InputError` that lists what all
 * of them find; any other error is thrown as it is.
 */
export const allOrErrors = async <T extends readonly unknown[]>(steps: {
  readonly [K in keyof T]: () => Promise<T[K]>;
}): Promise<T> => {
  const answers: unknown[] = [];
  const errors: InputError[] = [];
  for (const step of steps)
    try {
      answers.push(await step());
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      errors.push(error);
    }
  const [first, ...rest] = errors;
  if (first !== undefined) throw inputErrors([first, ...rest]);
  return answers as unknown as T;
};

/** What a check that throws its first error has to say, for one that lists all. */
export function* thrownInputErrors(check: () => unknown): Generator<InputError> {
  try {
    check();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    yield error;
  }
}
