import type { Files } from './files.ts';
import { openJournal } from './journal.ts';
import type { Collections } from './records.ts';

type Name = keyof Collections;

/** One change: a record put, or removed (`null`). */
export type Change = {
  [K in Name]: readonly [collection: K, key: string, record: Collections[K] | null];
}[Name];

export type Tables = { readonly [K in Name]: ReadonlyMap<string, Collections[K]> };

/** All records in memory, kept on disk by a journal. Changes of one call are kept all or none. */
export interface State {
  readonly tables: Tables;
  /** Changes at once in memory, and on disk with the next `flush`. */
  change(...changes: readonly Change[]): void;
  /** Returns once every change so far is on the disk. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const NAMES = [
  'computeEnvironments',
  'jobQueues',
  'jobDefinitions',
  'specs',
  'jobs',
  'instances',
  'settings',
  'replays',
  'clock',
] as const satisfies readonly Name[];

/** Opens the state kept in `files`; `snapshotAfter` as in the journal's options. */
export const openState = async (files: Files, snapshotAfter?: number): Promise<State> => {
  const maps = Object.fromEntries(NAMES.map((name) => [name, new Map()])) as unknown as {
    [K in Name]: Map<string, Collections[K]>;
  };
  const apply = (changes: readonly Change[]): void => {
    for (const [name, key, record] of changes) {
      const map = maps[name] as Map<string, unknown>;
      if (record === null) map.delete(key);
      else map.set(key, record);
    }
  };
  const opened = await openJournal(files, {
    snapshot: () => NAMES.map((name) => [name, [...maps[name]]]),
    ...(snapshotAfter === undefined ? {} : { snapshotAfter }),
  });
  for (const [name, records] of (opened.snapshot ?? []) as [Name, [string, unknown][]][])
    for (const [key, record] of records) (maps[name] as Map<string, unknown>).set(key, record);
  for (const entry of opened.entries) apply(entry as readonly Change[]);
  return {
    tables: maps,
    change: (...changes) => {
      apply(changes);
      opened.journal.append(changes);
    },
    flush: opened.journal.flush,
    close: opened.journal.close,
  };
};
