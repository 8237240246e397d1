import { InputError } from '../../nas/core/input-error.ts';
import type { EXIT_CODES } from '../../nas/job/outcome.ts';
import { DivergedError, InvalidArchitectureError } from '../../nas/training/program.ts';
import { CheckpointMismatchError } from '../../store/checkpoints.ts';
import { StaleLeaseError } from '../../store/leases.ts';
import { StorageError } from '../../store/object-store.ts';
import { CorruptDocumentError } from '../../store/sealed-document.ts';
import { FAILURE_SENTENCES, isMachineError } from './failure-sentences.ts';
import { StorageLostError } from './persist.ts';

/** How an attempt ends: a key of the exit codes. */
export type AttemptEnd = keyof typeof EXIT_CODES;

/** The error and what caused it, outermost first; each once, however they refer to each other. */
const causesOf = (error: unknown): readonly unknown[] => {
  const chain: unknown[] = [];
  const visit = (at: unknown): void => {
    if (at === undefined || chain.includes(at)) return;
    chain.push(at);
    if (!(at instanceof Error)) return;
    if (at instanceof AggregateError) at.errors.forEach(visit);
    visit(at.cause);
  };
  visit(error);
  return chain;
};

const byClass = (error: unknown): AttemptEnd | undefined => {
  if (error instanceof StaleLeaseError) return 'fenced';
  if (error instanceof DivergedError) return 'diverged';
  if (error instanceof InvalidArchitectureError) return 'invalid-architecture';
  // What a job is started with the worker writes anew with the next launch.
  if (
    error instanceof StorageLostError ||
    error instanceof StorageError ||
    error instanceof CorruptDocumentError
  )
    return 'lost';
  return undefined;
};

const isInput = (error: unknown): boolean =>
  error instanceof InputError || error instanceof CheckpointMismatchError;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * How an error ends the attempt, by its class, its code or its words, or those of its causes. A machine that
 * fails under a wrong input has failed first. What none of the rules knows is a defect of the product: it
 * ends as `user-error`, because repeating it cannot help and a search must not learn from it.
 */
export const endOf = (error: unknown): AttemptEnd => {
  const chain = causesOf(error);
  for (const link of chain) {
    const end = byClass(link);
    if (end !== undefined) return end;
  }
  if (chain.some(isMachineError)) return 'lost';
  if (chain.some(isInput)) return 'user-error';
  const messages = chain.map(messageOf);
  const known = FAILURE_SENTENCES.find(({ pattern }) => messages.some((message) => pattern.test(message)));
  return known?.end ?? 'user-error';
};

/** Name and message of an error and of its causes, outermost first, on one line. */
export const describeError = (error: unknown): string => {
  const parts = causesOf(error).map((at) => {
    if (!(at instanceof Error)) return String(at);
    const { code } = at as { readonly code?: unknown };
    return `${at.name}: ${at.message}${typeof code === 'string' ? ` (${code})` : ''}`;
  });
  const [outer = '', ...causes] = parts.map((part) => part.replace(/\s*\n\s*/g, ' '));
  return causes.length === 0 ? outer : `${outer} (cause: ${causes.join('; ')})`;
};
