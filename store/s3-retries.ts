import type { RetryErrorInfo, RetryStrategyV2, RetryToken } from '@smithy/types';

export interface RetryOptions {
  /** Tries in all, the first included. */
  readonly attempts: number;
  /** Before the n-th retry: between half and all of `baseMs · 2ⁿ`, at most `maxMs`. Milliseconds. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/** Outlives half a minute without a server: 26 to 52 seconds of waiting in all. */
export const PATIENT: RetryOptions = { attempts: 12, baseMs: 100, maxMs: 10_000 };

/** For a person who waits: about a second. */
export const QUICK: RetryOptions = { attempts: 5, baseMs: 50, maxMs: 500 };

const token = (retries: number, delayMs: number): RetryToken => ({
  getRetryCount: () => retries,
  getRetryDelay: () => delayMs,
});

/**
 * An answer that arrived but could not be read to its end says nothing about whether the request was right.
 */
const unreadable = (info: RetryErrorInfo): boolean => {
  const status = info.error?.$metadata?.httpStatusCode;
  return status !== undefined && status >= 200 && status < 300;
};

/**
 * Retries whatever another try may cure, by count and time alone. The SDK's own strategy also stops when a
 * client-wide quota of retries is used up; a training job that meets a few hundred faults in a day would then
 * give up at the next single one, though each was harmless.
 */
export const createRetryStrategy = (options: RetryOptions): RetryStrategyV2 => ({
  acquireInitialRetryToken: async () => token(0, 0),
  refreshRetryTokenForRetry: async (current, info) => {
    const retries = current.getRetryCount() + 1;
    const curable = info.errorType !== 'CLIENT_ERROR' || unreadable(info);
    if (!curable || retries >= options.attempts) throw info.error ?? new Error('not retried');
    const ceiling = Math.min(options.maxMs, options.baseMs * 2 ** retries);
    const hinted = info.retryAfterHint ? info.retryAfterHint.getTime() - Date.now() : 0;
    const delay = Math.max(ceiling * (0.5 + Math.random() / 2), Math.min(hinted, options.maxMs));
    return token(retries, delay);
  },
  recordSuccess: () => undefined,
});
