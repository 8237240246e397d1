import pRetry, { AbortError } from 'p-retry';
import { StorageError } from '../../store/object-store.ts';

/** Storage could not be reached, or kept failing, for as long as the job may wait. */
export class StorageLostError extends Error {
  override readonly name = 'StorageLostError';
}

/**
 * Runs a storage operation that is safe to repeat until it succeeds, for at most `seconds`. The SDK retries
 * within one call; this outlasts a server that is away for minutes.
 *
 * @throws StorageLostError when the time is used up; errors other than `StorageError` pass through at once.
 */
export const persist = async <T>(what: string, seconds: number, operation: () => Promise<T>): Promise<T> => {
  try {
    return await pRetry(
      async () => {
        try {
          return await operation();
        } catch (error) {
          throw error instanceof StorageError ? error : new AbortError(error as Error);
        }
      },
      { retries: Infinity, minTimeout: 250, maxTimeout: 5000, maxRetryTime: seconds * 1000 },
    );
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause;
    throw new StorageLostError(`${what}: storage failed for ${seconds} s: ${cause.message}`, { cause });
  }
};
