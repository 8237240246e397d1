import { CommanderError } from 'commander';
import { InputError } from '../nas/protocol/input-error.ts';
import { errorChain, saysDown } from './outage.ts';

/** 0 done, 1 failed, 2 bad input, 3 infrastructure. */
export const exitCodeOf = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  for (const at of errorChain(error)) {
    if (at instanceof InputError) return 2;
    if (saysDown(at)) return 3;
  }
  return 1;
};

/** The error's message and those of its causes that add something; zod's list of issues is for programs, not people. */
export const describeError = (error: unknown): string => {
  const lines: string[] = [];
  for (const { message, name } of errorChain(error)) {
    if (name.endsWith('ZodError') && lines.length > 0) continue;
    if (message !== '' && !lines.some((line) => line.includes(message))) lines.push(message);
  }
  return lines.length === 0 ? String(error) : lines.join('\n  because: ');
};
