import { StorageError, type ObjectStore } from '../../store/object-store.ts';

/** One request of a client, as a fault plan sees it. */
interface StoreOperation {
  /** Number of the request, from 0, over all methods of this wrapper. */
  readonly index: number;
  readonly method: 'get' | 'head' | 'put' | 'putIfAbsent' | 'compareAndSwap' | 'list' | 'delete';
  /** Key, prefix, or the first key. */
  readonly key: string;
}

/**
 * What goes wrong with a request:
 * - `refused`: the service was not reached; nothing happened;
 * - `answer-lost`: it was carried out, but the client hears an error;
 * - `repeated`: it was carried out, its answer was lost, and the client's own retry carried it out again;
 * - `crash-before`, `crash-after`: the client's process ends before or after the request is carried out, and
 *   makes no other.
 */
export type StoreFault = 'refused' | 'answer-lost' | 'repeated' | 'crash-before' | 'crash-after';

/** The client's process is gone; nothing catches this. */
export class CrashError extends Error {
  override readonly name = 'CrashError';
}

/**
 * An object store as a client sees it that suffers the planned faults. `gate` is awaited before each request
 * is carried out and before its answer is given, so that a test decides how the requests of several clients
 * interleave.
 */
export const faultyStore = (
  inner: ObjectStore,
  plan: (operation: StoreOperation) => StoreFault | undefined,
  gate: (operation: StoreOperation) => Promise<unknown> = () => Promise.resolve(),
): ObjectStore => {
  let requests = 0;
  let crashed = false;
  const alive = (): void => {
    if (crashed) throw new CrashError('the process is gone');
  };
  const crash = (): never => {
    crashed = true;
    throw new CrashError('the process is gone');
  };
  const request = async <T>(
    method: StoreOperation['method'],
    key: string,
    carryOut: () => Promise<T>,
  ): Promise<T> => {
    alive();
    const operation: StoreOperation = { index: requests++, method, key };
    const fault = plan(operation);
    await gate(operation);
    alive();
    if (fault === 'crash-before') crash();
    if (fault === 'refused') throw new StorageError(`${method}: refused by plan [key=${key}]`);
    let answer = await carryOut();
    if (fault === 'repeated') {
      await gate(operation);
      answer = await carryOut();
    }
    await gate(operation);
    alive();
    if (fault === 'crash-after') crash();
    if (fault === 'answer-lost') throw new StorageError(`${method}: answer lost by plan [key=${key}]`);
    return answer;
  };
  return {
    ...inner,
    get: (key) => request('get', key, () => inner.get(key)),
    head: (key) => request('head', key, () => inner.head(key)),
    put: (key, body) => request('put', key, () => inner.put(key, body)),
    putIfAbsent: (key, body) => request('putIfAbsent', key, () => inner.putIfAbsent(key, body)),
    compareAndSwap: (key, body, etag) =>
      request('compareAndSwap', key, () => inner.compareAndSwap(key, body, etag)),
    async *list(prefix) {
      yield* await request('list', prefix, async () => {
        const entries = [];
        for await (const entry of inner.list(prefix)) entries.push(entry);
        return entries;
      });
    },
    delete: (keys) => request('delete', keys[0] ?? '', () => inner.delete(keys)),
  };
};
