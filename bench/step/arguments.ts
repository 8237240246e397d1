import { inputError } from '../../nas/core/input-error.ts';

/** @throws InputError unless the text is a positive integer. */
export const positive = (field: string, text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw inputError(field, text, 'integers ≥ 1', `give --${field} a number`);
  return value;
};
