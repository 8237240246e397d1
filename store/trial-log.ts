import { z } from 'zod';
import { sha256 } from '../nas/core/hash.ts';
import { parseJson } from '../nas/core/json.ts';
import { trialEventSchema } from '../nas/search/trial-log.ts';
import type { TrialEvent } from '../nas/search/trial-log.ts';
import { keys } from './keys.ts';
import { setAside } from './mendable-documents.ts';
import { readMirrored } from './mirrored-objects.ts';
import type { ObjectStore } from './object-store.ts';
import { CorruptDocumentError, seal, unseal } from './sealed-document.ts';

/**
 * The log of a search by trials. Events are appended to a small head document under compare-and-swap; when
 * the head is full its events move to an immutable segment, named by its content, which names the one before
 * it. The cost of an event therefore does not grow with the log, and a reader verifies all of it from the
 * head. Head and segments have a copy each, from which one that is damaged or gone is written anew.
 */
interface TrialLog {
  /**
   * Resolves when what was read is stored twice: before anything follows from it. Throws `OvertakenError` as
   * `append` does.
   */
  secure(): Promise<void>;
  /**
   * Resolves when the events are stored. Throws `OvertakenError` when another writer has appended in between.
   */
  append(events: readonly TrialEvent[]): Promise<void>;
}

/** Another process appends to the log: whatever this one has in mind is out of date. */
export class OvertakenError extends Error {
  override readonly name = 'OvertakenError';
}

/** Events in the head at most. */
const HEAD_EVENTS = 64;

const segmentRef = z.strictObject({ number: z.number().int().min(0), sha256: z.string() });
type SegmentRef = z.infer<typeof segmentRef>;

const headSchema = z.strictObject({
  version: z.literal(1),
  /** In the whole log; tells any two heads apart. */
  events: z.number().int().min(1),
  newest: segmentRef.nullable(),
  tail: z.array(trialEventSchema),
});
type Head = z.infer<typeof headSchema>;

const segmentSchema = z.strictObject({
  version: z.literal(1),
  previous: segmentRef.nullable(),
  events: z.array(trialEventSchema),
});
type Segment = z.infer<typeof segmentSchema>;

const EMPTY = { version: 1, events: 0, newest: null, tail: [] } as const;

/**
 * A segment by the name that it has; throws `CorruptDocumentError` where its bytes are others, or gone, and
 * its copy's too.
 */
const readSegment = async (
  store: ObjectStore,
  search: ReturnType<typeof keys.search>,
  ref: SegmentRef,
): Promise<Segment> => {
  const key = search.segment(ref.number, ref.sha256);
  const copy = search.segmentCopy(ref.number, ref.sha256);
  const found = await readMirrored(store, { key, copy }, (at, { body }) => {
    const digest = sha256(body);
    if (digest !== ref.sha256) throw new CorruptDocumentError(`${store.uri(at)}: its SHA-256 is ${digest}`);
    return parseJson(segmentSchema, new TextDecoder().decode(body));
  });
  if (found.kind === 'intact') return found.value;
  throw new CorruptDocumentError(found.kind === 'damaged' ? found.problem : `${store.uri(key)}: missing`);
};

/** Events of all segments up to `newest`, oldest first. */
const readSegments = async (
  store: ObjectStore,
  search: ReturnType<typeof keys.search>,
  newest: SegmentRef | null,
): Promise<TrialEvent[]> => {
  const segments: (readonly TrialEvent[])[] = [];
  for (let ref = newest; ref !== null;) {
    const segment: Segment = await readSegment(store, search, ref);
    segments.push(segment.events);
    ref = segment.previous;
  }
  return segments.reverse().flat();
};

const SEGMENT = /\/(\d+)-([0-9a-f]{64})\.json$/;

/** The longest beginning of the log whose segments all verify. */
const longestIntact = async (
  store: ObjectStore,
  search: ReturnType<typeof keys.search>,
): Promise<{ readonly newest: SegmentRef | null; readonly before: readonly TrialEvent[] }> => {
  const refs: SegmentRef[] = [];
  for await (const { key } of store.list(search.segments)) {
    const [, number, digest] = SEGMENT.exec(key) ?? [];
    if (number !== undefined && digest !== undefined) refs.push({ number: Number(number), sha256: digest });
  }
  for (const newest of refs.sort((a, b) => b.number - a.number)) {
    try {
      return { newest, before: await readSegments(store, search, newest) };
    } catch (error) {
      if (!(error instanceof CorruptDocumentError)) throw error;
    }
  }
  return { newest: null, before: [] };
};

interface OpenLog {
  readonly head: Head | typeof EMPTY;
  readonly before: readonly TrialEvent[];
  /** Of the head as it is stored; absent where there is none. */
  readonly etag: string | undefined;
  readonly damage?: Damage | undefined;
}

interface Damage {
  readonly problem: string;
  readonly etag?: string;
  readonly body?: Uint8Array;
}

const open = async (store: ObjectStore, search: ReturnType<typeof keys.search>): Promise<OpenLog> => {
  const found = await readMirrored(store, { key: search.head, copy: search.headCopy }, (key, stored) =>
    unseal(headSchema, key, stored),
  );
  if (found.kind === 'absent') return { head: EMPTY, before: [], etag: undefined };
  let damage: Damage;
  if (found.kind === 'damaged') damage = found;
  else
    try {
      const { value: head, etag } = found;
      return { head, etag, before: await readSegments(store, search, head.newest) };
    } catch (error) {
      if (!(error instanceof CorruptDocumentError)) throw error;
      damage = { problem: error.problem };
    }
  const { newest, before } = await longestIntact(store, search);
  const events = before.length;
  const head = events === 0 ? EMPTY : { version: 1 as const, events, newest, tail: [] };
  return { head, before, etag: found.etag, damage };
};

/**
 * All events of a search's log, in order; none where it has not begun. Of one that is damaged those before
 * the damage.
 */
export const readTrialLog = async (
  store: ObjectStore,
  runId: string,
  jobId: string,
): Promise<readonly TrialEvent[]> => (await openTrialLog(store, runId, jobId)).events;

/**
 * The log as it is, and a writer that goes on from there. Where it is damaged and its copy too, `damage` says
 * what is, `events` are those before it, and the first append sets the damaged head aside and replaces it.
 */
export const openTrialLog = async (
  store: ObjectStore,
  runId: string,
  jobId: string,
): Promise<{
  readonly events: readonly TrialEvent[];
  readonly log: TrialLog;
  readonly damage?: string;
}> => {
  const search = keys.search(runId, jobId);
  // Before the head: whoever writes both in between is found out.
  let copyEtag = (await store.head(search.headCopy))?.etag;
  const opened = await open(store, search);
  const { before } = opened;
  let { head, etag, damage } = opened;

  const writeSegment = async (previous: SegmentRef | null, events: readonly TrialEvent[]) => {
    const body = new TextEncoder().encode(`${JSON.stringify({ version: 1, previous, events })}\n`);
    const ref = { number: previous === null ? 0 : previous.number + 1, sha256: sha256(body) };
    await store.put(search.segment(ref.number, ref.sha256), body);
    await store.put(search.segmentCopy(ref.number, ref.sha256), body);
    return ref;
  };

  const swap = async (key: string, body: Uint8Array, before: string | undefined): Promise<string> => {
    const outcome =
      before === undefined
        ? await store.putIfAbsent(key, body)
        : await store.compareAndSwap(key, body, before);
    if (outcome.kind === 'written') return outcome.etag;
    // A write whose answer was lost reports a conflict with itself.
    const present = await store.get(key).catch((error: unknown) => {
      // Who opens the log again writes it anew.
      if (error instanceof CorruptDocumentError) return undefined;
      throw error;
    });
    if (present === undefined || Buffer.compare(present.body, body) !== 0)
      throw new OvertakenError(`${store.uri(key)}: another worker carries on this search`);
    return present.etag;
  };
  /**
   * The copy after the head: what is in the copy was in the head, and what anything follows from is in both.
   */
  const swapBoth = async (next: Head): Promise<void> => {
    const body = seal(next);
    etag = await swap(search.head, body, etag);
    head = next;
    copyEtag = await swap(search.headCopy, body, copyEtag);
  };

  return {
    events: [...before, ...head.tail],
    ...(damage === undefined ? {} : { damage: damage.problem }),
    log: {
      secure: async () => {
        if (damage === undefined && head.events > 0)
          copyEtag = await swap(search.headCopy, seal(head), copyEtag);
      },
      append: async (events) => {
        if (events.length === 0) return;
        if (damage !== undefined) await setAside(store, search.head, damage);
        damage = undefined;
        const tail = [...head.tail, ...events];
        const count = head.events + events.length;
        await swapBoth(
          tail.length < HEAD_EVENTS
            ? { version: 1, events: count, newest: head.newest, tail }
            : { version: 1, events: count, newest: await writeSegment(head.newest, tail), tail: [] },
        );
      },
    },
  };
};
