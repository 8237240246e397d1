import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { BatchJobs } from '../../activities/batch/batch-jobs.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { CrashError } from './faulty-store.ts';

/** Where a worker is killed: before or after the effect of its n-th event, counted from 0. */
export interface KillPoint {
  readonly event: number;
  readonly when: 'before' | 'after';
}

/**
 * What a worker process reaches the world through. Every request and every heartbeat is an event at which it
 * may be killed.
 */
export interface MortalWorker {
  readonly store: ObjectStore;
  readonly batch: BatchJobs;
  /** Events so far, in words. */
  readonly events: readonly string[];
  /** Resolves when it is killed. */
  readonly killed: Promise<void>;
  /** Passes a heartbeat on to the server; of a dead process none arrives. */
  heartbeat(details: unknown, arrives: (details: unknown) => void): void;
}

/**
 * A worker over a store and a Batch that outlive it. Dead, it does nothing any more: each request fails
 * before it is sent.
 */
const mortalWorker = (
  world: { readonly store: ObjectStore; readonly batch: BatchJobs },
  kill?: KillPoint,
): MortalWorker => {
  const events: string[] = [];
  let dead = false;
  let announce = (): void => undefined;
  const killed = new Promise<void>((resolve) => (announce = resolve));
  const die = (): void => {
    dead = true;
    announce();
  };
  /** Counts an event; whether it takes effect, and whether the process lives to hear of it. */
  const begin = (what: string): KillPoint['when'] | undefined => {
    const number = events.push(what) - 1;
    return number === kill?.event ? kill.when : undefined;
  };
  const gone = (): CrashError => new CrashError('the process is gone');
  const event = async <T>(what: string, carryOut: () => Promise<T>): Promise<T> => {
    if (dead) throw gone();
    const dies = begin(what);
    if (dies === 'before') die();
    if (dead) throw gone();
    const answer = await carryOut();
    if (dies === 'after') die();
    if (dead) throw gone();
    return answer;
  };
  const { store, batch } = world;
  return {
    events,
    killed,
    heartbeat: (details, arrives) => {
      if (dead) return;
      const dies = begin('heartbeat');
      if (dies !== 'before') arrives(details);
      if (dies !== undefined) die();
    },
    store: {
      ...store,
      get: (key) => event(`get ${key}`, () => store.get(key)),
      head: (key) => event(`head ${key}`, () => store.head(key)),
      put: (key, body) => event(`put ${key}`, () => store.put(key, body)),
      putIfAbsent: (key, body) => event(`put if absent ${key}`, () => store.putIfAbsent(key, body)),
      compareAndSwap: (key, body, etag) => event(`swap ${key}`, () => store.compareAndSwap(key, body, etag)),
      async *list(prefix) {
        yield* await event(`list ${prefix}`, async () => {
          const entries = [];
          for await (const entry of store.list(prefix)) entries.push(entry);
          return entries;
        });
      },
      delete: (keys) => event(`delete ${keys[0]}`, () => store.delete(keys)),
    },
    batch: {
      submit: (submission) => event(`submit ${submission.name}`, () => batch.submit(submission)),
      find: (queue, name) => event(`find ${name}`, () => batch.find(queue, name)),
      describe: (ids) => event(`describe ${ids.join()}`, () => batch.describe(ids)),
      terminate: (id, reason) => event(`terminate ${id}`, () => batch.terminate(id, reason)),
      unfinished: (queue, beginning) =>
        event(`unfinished ${beginning}`, () => batch.unfinished(queue, beginning)),
    },
  };
};

/**
 * Carries an activity out as Temporal does: an attempt whose worker is killed is followed by another one, on
 * another worker, which is given the last heartbeat that arrived. Only the first worker is killed. Answers
 * with the events of the first one.
 */
export const throughKill = async <Output>(
  world: { readonly store: ObjectStore; readonly batch: BatchJobs },
  kill: KillPoint | undefined,
  activityOf: (worker: MortalWorker) => (input: never) => Promise<Output>,
  input: unknown,
): Promise<{ readonly output: Output; readonly events: readonly string[] }> => {
  let heartbeatDetails: unknown;
  const attempt = async (worker: MortalWorker): Promise<{ readonly output: Output } | undefined> => {
    const environment = new MockActivityEnvironment(
      heartbeatDetails === undefined ? {} : { heartbeatDetails },
      { logger: new DefaultLogger('ERROR') },
    );
    environment.on('heartbeat', (details: unknown) =>
      worker.heartbeat(details, (arrived) => (heartbeatDetails = arrived)),
    );
    const running = environment.run(activityOf(worker), input as never) as Promise<Output>;
    running.catch(() => undefined);
    const output = await Promise.race([
      running.then(
        (value) => ({ output: value }),
        (error: unknown) => {
          if (error instanceof CrashError) return undefined;
          throw error;
        },
      ),
      worker.killed.then(() => undefined),
    ]);
    // What is left of a dead process in this one stops waiting.
    if (output === undefined) environment.cancel('WORKER_SHUTDOWN');
    return output;
  };
  const first = mortalWorker(world, kill);
  const done = (await attempt(first)) ?? (await attempt(mortalWorker(world)));
  if (done === undefined) throw new Error('the second worker was not to be killed');
  return { ...done, events: first.events };
};

/** Every object of a store: key and content. */
export const contentOf = async (store: ObjectStore): Promise<Readonly<Record<string, string>>> => {
  const found: Record<string, string> = {};
  for await (const { key } of store.list(''))
    found[key] = Buffer.from((await store.get(key))?.body ?? []).toString('latin1');
  return found;
};

/**
 * Tries every kill point, the event before and after its effect, until there is no further event; answers how
 * many there were.
 */
export const atEveryEvent = async (
  attempt: (kill: KillPoint) => Promise<{ readonly events: readonly string[] }>,
): Promise<number> => {
  for (let event = 0; ; event++)
    for (const when of ['before', 'after'] as const) {
      const { events } = await attempt({ event, when });
      if (events.length <= event) return event;
    }
};
