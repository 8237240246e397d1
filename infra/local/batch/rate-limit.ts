import { BatchError } from './errors.ts';
import type { RateLimits } from './options.ts';

/** A token bucket for each limited operation, one second deep; throws when it is empty. */
export const createRateLimiter = (limits: RateLimits, now: () => number = () => performance.now()) => {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (operation: string): void => {
    const limit = limits[operation];
    if (limit === undefined) return;
    const time = now();
    const bucket = buckets.get(operation) ?? { tokens: limit, at: time };
    const tokens = Math.min(limit, bucket.tokens + ((time - bucket.at) / 1000) * limit);
    buckets.set(operation, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: time });
    if (tokens < 1) throw new BatchError('TooManyRequestsException', 429, 'Too Many Requests');
  };
};
