import { inputError } from '../../nas/core/input-error.ts';

/** Throws `InputError` where data sets and tables cannot have the name. */
export const checkNewName = (name: string): void => {
  if (!/^[a-z0-9][a-z0-9-]{0,47}$/.test(name))
    throw inputError(
      '--name',
      name,
      'lower-case letters, digits and dashes, at most 48',
      'choose such a name',
    );
};
