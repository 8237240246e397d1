import { clientException } from './errors.ts';

interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken?: string;
}

/**
 * One page of items sorted by a unique key. The token names the last key given, so that items which come or
 * go between two calls neither repeat nor hide others.
 */
export const page = <T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  maxResults: number,
  token: string | undefined,
): Page<T> => {
  const sorted = [...items].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  let start = 0;
  if (token !== undefined) {
    const last = Buffer.from(token, 'base64url').toString('utf8');
    if (!last.startsWith('after:')) throw clientException(`Invalid nextToken: ${token}`);
    start = sorted.findIndex((item) => keyOf(item) > last.slice('after:'.length));
    if (start < 0) return { items: [] };
  }
  const taken = sorted.slice(start, start + maxResults);
  const more = start + maxResults < sorted.length;
  return {
    items: taken,
    ...(more
      ? { nextToken: Buffer.from(`after:${keyOf(taken[taken.length - 1] as T)}`).toString('base64url') }
      : {}),
  };
};
