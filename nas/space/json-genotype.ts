import type { z } from 'zod';
import { hashJson } from '../core/hash.ts';
import type { Json } from '../core/json.ts';
import { inputError } from '../core/input-error.ts';
import { valueAt } from './cell-genotype.ts';
import { excerpt } from './excerpt.ts';
import { literalOf } from './literal-of.ts';
import type { Space } from './space.ts';

/**
 * Validation, printing, parsing and hashing of genotypes whose published form is a list or record: they are
 * written as JSON. `schema` checks the shape; `fault` names what is wrong beyond it, as [part, value,
 * allowed].
 */
export const jsonGenotype = <G extends Json>(
  name: string,
  schema: z.ZodType<G>,
  form: string,
  fault: (genotype: G) => readonly [part: string, value: unknown, allowed: string] | undefined = () =>
    undefined,
  canonical: (genotype: G) => Json = (genotype) => genotype,
): Pick<Space<G>, 'validate' | 'print' | 'parse' | 'hash'> => {
  const validate = (value: unknown, field = 'genotype'): G => {
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const path = issue?.path ?? [];
      throw inputError(
        [field, ...path].join('.'),
        excerpt(valueAt(value, path)),
        form,
        issue?.message ?? 'use that form',
        {
          cause: parsed.error,
        },
      );
    }
    const found = fault(parsed.data);
    if (found !== undefined)
      throw inputError(
        `${field}.${found[0]}`,
        found[1],
        found[2],
        `give ${name} a genotype of the form ${form}`,
      );
    return parsed.data;
  };
  return {
    validate,
    print: (genotype) => JSON.stringify(genotype),
    parse: (text, field = 'genotype') => {
      return validate(literalOf(text, form, field), field);
    },
    hash: (genotype) => hashJson([name, canonical(genotype)]),
  };
};
