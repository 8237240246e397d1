import type { Json } from '../core/json.ts';
import { inputError } from '../core/input-error.ts';
import { excerpt } from './excerpt.ts';
import { LiteralError, readLiteral } from './python-literal.ts';

/**
 * The value that a text prints, as JSON or as Python and numpy do. Throws `InputError` naming what is in the
 * way.
 */
export const literalOf = (text: string, form: string, field: string): Json => {
  try {
    return readLiteral(text);
  } catch (cause) {
    if (!(cause instanceof LiteralError)) throw cause;
    throw inputError(field, excerpt(text), form, `write the genotype in that form: ${cause.message}`, {
      cause,
    });
  }
};
