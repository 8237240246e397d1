import { setAside } from './mendable-documents.ts';
import type { ObjectStore, StoredObject } from './object-store.ts';
import { CorruptDocumentError } from './sealed-document.ts';

/** An object of which there is a copy under another key. */
export interface Mirrored {
  readonly key: string;
  readonly copy: string;
}

/** What is at one place. */
type Found<T> =
  | { readonly kind: 'absent' }
  | { readonly kind: 'intact'; readonly value: T; readonly body: Uint8Array; readonly etag: string }
  | {
      readonly kind: 'damaged';
      readonly problem: string;
      /** Absent where nothing is there. */
      readonly etag?: string;
      readonly body?: Uint8Array;
    };

/** A storage service that damages what it is given is not written to for ever. */
const ROUNDS = 5;

const read = async <T>(
  store: ObjectStore,
  key: string,
  verify: (key: string, stored: StoredObject) => T,
): Promise<Found<T>> => {
  let stored: StoredObject | undefined;
  try {
    stored = await store.get(key);
    if (stored === undefined) return { kind: 'absent' };
    return { kind: 'intact', value: verify(key, stored), body: stored.body, etag: stored.etag };
  } catch (error) {
    if (!(error instanceof CorruptDocumentError)) throw error;
    const etag = stored?.etag ?? error.etag;
    // Nothing can be written in the place of a version that the storage service does not tell.
    if (etag === undefined) throw error;
    return {
      kind: 'damaged',
      problem: error.message,
      etag,
      ...(stored === undefined ? {} : { body: stored.body }),
    };
  }
};

/**
 * The object at `key`. One that is damaged or gone is written anew from its copy, by compare-and-swap, so
 * that of several who find it the first one wins and an intact one is never touched; what was there is set
 * aside. `verify` throws `CorruptDocumentError`.
 */
export const readMirrored = async <T>(
  store: ObjectStore,
  { key, copy }: Mirrored,
  verify: (key: string, stored: StoredObject) => T,
): Promise<Found<T>> => {
  for (let round = 1; ; round++) {
    const found = await read(store, key, verify);
    if (found.kind === 'intact' || round === ROUNDS) return found;
    const other = await read(store, copy, verify);
    if (other.kind === 'damaged' && found.kind === 'absent')
      return { kind: 'damaged', problem: `${store.uri(key)}: missing` };
    if (other.kind !== 'intact') return found;
    if (found.kind === 'absent' || found.etag === undefined) await store.putIfAbsent(key, other.body);
    else {
      await setAside(store, key, found);
      await store.compareAndSwap(key, other.body, found.etag);
    }
  }
};
