import { InputError } from '../../core/input-error.ts';

/**
 * Checks a strategy that is the field `field` of another one: what it refuses is named as the other one's.
 */
export const checkPart = (field: string, check: () => void): void => {
  try {
    check();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(error.message.replace(/^strategy\b/, `strategy.${field}`), { cause: error });
  }
};
