import { InputError } from '../../nas/protocol/input-error.ts';
import type { EXIT_CODES } from '../../nas/protocol/outcome.ts';
import { DivergedError, InvalidArchitectureError } from '../../nas/training/program.ts';
import { CheckpointMismatchError } from '../../store/checkpoints.ts';
import { StaleLeaseError } from '../../store/leases.ts';
import { StorageLostError } from './persist.ts';

/** How an attempt ends: a key of the exit codes. */
export type AttemptEnd = keyof typeof EXIT_CODES;

/** TensorFlow's words for an allocation that failed, on CPU and GPU. */
const OUT_OF_MEMORY =
  /\bOOM\b|out of memory|RESOURCE_EXHAUSTED|ResourceExhausted|failed to allocate|Allocation .* exceeds/i;
/** A device or network that broke; another attempt elsewhere may succeed. */
const DEVICE_LOST = /CUDA_ERROR|cudaError|device.*(lost|hang)|uncorrectable ECC|XID \d+/i;
const NETWORK = /ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|EPIPE|socket hang up|TimeoutError/;

/**
 * How an error ends the attempt. What none of the rules knows is a defect of the product: it ends as `user-error`,
 * because repeating it cannot help and a search must not learn from it.
 */
export const endOf = (error: unknown): AttemptEnd => {
  if (error instanceof StaleLeaseError) return 'fenced';
  if (error instanceof DivergedError) return 'diverged';
  if (error instanceof InvalidArchitectureError) return 'invalid-architecture';
  if (error instanceof StorageLostError) return 'lost';
  if (error instanceof InputError || error instanceof CheckpointMismatchError) return 'user-error';
  const text = describeError(error);
  if (OUT_OF_MEMORY.test(text)) return 'out-of-memory';
  if (DEVICE_LOST.test(text) || NETWORK.test(text)) return 'lost';
  return 'user-error';
};

/** Name and message of an error and of its causes, outermost first, on one line. */
export const describeError = (error: unknown): string => {
  const parts: string[] = [];
  for (let at: unknown = error, depth = 0; at !== undefined && depth < 5; depth++) {
    if (!(at instanceof Error)) {
      parts.push(String(at));
      break;
    }
    const code = (at as { code?: unknown }).code;
    parts.push(`${at.name}: ${at.message}${typeof code === 'string' ? ` (${code})` : ''}`);
    at = at.cause;
  }
  const [outer = '', ...causes] = parts.map((part) => part.replace(/\s*\n\s*/g, ' '));
  return causes.length === 0 ? outer : `${outer} (cause: ${causes.join('; ')})`;
};
