import { z } from 'zod';
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

const emptyTables = (): { readonly [K in Name]: Map<string, Collections[K]> } => ({
  computeEnvironments: new Map(),
  jobQueues: new Map(),
  jobDefinitions: new Map(),
  specs: new Map(),
  jobs: new Map(),
  instances: new Map(),
  settings: new Map(),
  replays: new Map(),
  clock: new Map(),
});
const NAMES = Object.keys(emptyTables()) as readonly Name[];

/** Records are this endpoint's own, behind a checksum; their form is that of the AWS SDK's types. */
const changesSchema = z.array(z.tuple([z.literal(NAMES), z.string(), z.unknown()]));
const snapshotSchema = z.array(z.tuple([z.literal(NAMES), z.array(z.tuple([z.string(), z.unknown()]))]));

/** Opens the state kept in `files`; `snapshotAfter` as in the journal's options. */
export const openState = async (files: Files, snapshotAfter?: number): Promise<State> => {
  const tables = emptyTables();
  const put = (name: Name, key: string, record: unknown): void => {
    const table: Map<string, unknown> = tables[name];
    if (record === null) table.delete(key);
    else table.set(key, record);
  };
  const apply = (changes: readonly (readonly [Name, string, unknown])[]): void => {
    for (const change of changes) put(...change);
  };
  const opened = await openJournal(files, {
    snapshot: () => NAMES.map((name) => [name, [...tables[name]]]),
    ...(snapshotAfter === undefined ? {} : { snapshotAfter }),
  });
  for (const [name, records] of snapshotSchema.parse(opened.snapshot ?? []))
    for (const [key, record] of records) put(name, key, record);
  for (const entry of opened.entries) apply(changesSchema.parse(entry));
  return {
    tables,
    change: (...changes) => {
      apply(changes);
      opened.journal.append(changes);
    },
    flush: opened.journal.flush,
    close: opened.journal.close,
  };
};
