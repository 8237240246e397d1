import { CommanderError } from 'commander';
import { LockError } from '../infra/local/stack/lock.mjs';
import { errorChain, errorText } from '../nas/core/error-text.ts';
import { InputError } from '../nas/core/input-error.ts';
import { asMachineFault } from './machine-fault.ts';
import { isInfrastructure } from './outage.ts';

/** 0 done, 1 failed, 2 bad input, 3 infrastructure. */
export const exitCodeOf = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  for (const at of errorChain(error)) {
    if (at instanceof InputError) return 2;
    if (at instanceof LockError || isInfrastructure(at)) return 3;
  }
  return 1;
};

/** The error for people: what it is about first, what caused it behind. */
export const describeError = (error: unknown): string => errorText(asMachineFault(error));
