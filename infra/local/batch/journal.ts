import { z } from 'zod';
import { jsonOf, parseJson } from '../../../nas/core/json.ts';
import { sha256 } from '../../../nas/core/hash.ts';
import type { AppendFile, Files } from './files.ts';

/**
 * An append-only journal of JSON values with snapshots. A value is accepted once `flush` has returned: from
 * then on no crash loses it. Values appended together are synced together (group commit).
 *
 * On disk: `snapshot.json` names its generation; `journal-<generation>.jsonl` holds what came after it, one
 * value a line, each behind eight hex digits of its SHA-256. A torn last line was never accepted and is cut
 * off.
 */
export interface Journal {
  append(value: unknown): void;
  /**
   * Returns once everything appended before the call is on the disk; throws the disk's error from then on.
   */
  flush(): Promise<void>;
  close(): Promise<void>;
}

interface OpenedJournal {
  readonly journal: Journal;
  /** The newest snapshot, or undefined when there is none. */
  readonly snapshot: unknown;
  /** Values appended after the snapshot, oldest first. */
  readonly entries: readonly unknown[];
}

interface JournalOptions {
  /** The whole current state, for a snapshot; called between two appends, never during one. */
  readonly snapshot: () => unknown;
  /** Journal size in characters that brings about the next snapshot. */
  readonly snapshotAfter?: number;
}

const SNAPSHOT = 'snapshot.json';
const snapshotSchema = z.object({ generation: z.number().int(), state: z.unknown() });
const journalName = (generation: number): string => `journal-${String(generation).padStart(8, '0')}.jsonl`;

const ascii = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
const line = (value: unknown): string => {
  const text = ascii(value);
  return `${sha256(text).slice(0, 8)} ${text}\n`;
};
const parseLine = (text: string): { readonly value: unknown } | undefined => {
  const body = text.slice(9);
  if (text.slice(0, 9) !== `${sha256(body).slice(0, 8)} `) return undefined;
  return { value: jsonOf(body) };
};

const readEntries = (name: string, text: string): { entries: unknown[]; length: number } => {
  const entries: unknown[] = [];
  let length = 0;
  while (length < text.length) {
    const end = text.indexOf('\n', length);
    const parsed = end < 0 ? undefined : parseLine(text.slice(length, end));
    if (parsed === undefined) {
      const later = end < 0 ? '' : text.slice(end + 1);
      if (later.split('\n').some((rest) => parseLine(rest) !== undefined))
        throw new Error(
          `${name}: entry ${entries.length + 1} is damaged although later ones are not; restore the file from a backup or remove the state folder`,
        );
      break;
    }
    entries.push(parsed.value);
    length = end + 1;
  }
  return { entries, length };
};

/** Opens the journal, reading what is there. Throws when a file is damaged other than at its torn end. */
export const openJournal = async (files: Files, options: JournalOptions): Promise<OpenedJournal> => {
  const snapshotText = await files.read(SNAPSHOT);
  const stored =
    snapshotText === undefined
      ? { generation: 0, state: undefined }
      : parseJson(snapshotSchema, snapshotText);
  let generation = stored.generation;
  const name = journalName(generation);
  const { entries, length } = readEntries(name, (await files.read(name)) ?? '');
  for (const other of await files.list())
    if (/^journal-\d+\.jsonl$/.test(other) && other !== name) await files.remove(other);

  const limit = options.snapshotAfter ?? 64 * 1024 * 1024;
  let file: AppendFile = await files.openAppend(name, length);
  let size = length;
  let pending: string[] = [];
  let appended = 0;
  let durable = 0;
  let failure: Error | undefined;
  let writing: Promise<void> | undefined;
  let waiters: {
    readonly upTo: number;
    readonly resolve: () => void;
    readonly reject: (e: Error) => void;
  }[] = [];

  const settle = (): void => {
    const done = waiters.filter((w) => w.upTo <= durable);
    waiters = waiters.filter((w) => w.upTo > durable);
    for (const waiter of done) waiter.resolve();
  };

  const takeSnapshot = async (): Promise<void> => {
    const upTo = appended;
    const text = ascii({ generation: generation + 1, state: options.snapshot() });
    pending = [];
    await files.write(`${SNAPSHOT}.tmp`, text);
    const next = await files.openAppend(journalName(generation + 1), 0);
    await files.rename(`${SNAPSHOT}.tmp`, SNAPSHOT);
    await file.close();
    await files.remove(journalName(generation));
    file = next;
    generation += 1;
    size = 0;
    durable = upTo;
  };

  const drain = async (): Promise<void> => {
    try {
      while (durable < appended) {
        if (size > limit) {
          await takeSnapshot();
        } else {
          const upTo = appended;
          const text = pending.join('');
          pending = [];
          await file.append(text);
          await file.sync();
          size += text.length;
          durable = upTo;
        }
        settle();
      }
    } catch (cause) {
      failure = new Error('the journal cannot be written; nothing more is accepted', { cause });
      for (const waiter of waiters) waiter.reject(failure);
      waiters = [];
    } finally {
      writing = undefined;
    }
  };

  const flush = (): Promise<void> => {
    if (failure !== undefined) return Promise.reject(failure);
    if (durable === appended) return Promise.resolve();
    const done = new Promise<void>((resolve, reject) => waiters.push({ upTo: appended, resolve, reject }));
    writing ??= drain();
    return done;
  };

  return {
    snapshot: stored.state,
    entries,
    journal: {
      append: (value) => {
        pending.push(line(value));
        appended += 1;
      },
      flush,
      close: async () => {
        await flush();
        await writing;
        await file.close();
      },
    },
  };
};
