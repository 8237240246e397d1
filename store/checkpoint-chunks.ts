import pLimit from 'p-limit';
import { createHash } from 'node:crypto';
import { sha256 } from '../nas/core/hash.ts';
import { encodeJson } from './json-documents.ts';
import { encodeSafetensors, type StoredTensor } from './safetensors.ts';
import type { Json } from '../nas/core/json.ts';
import type { Manifest } from './checkpoint-documents.ts';
import type { ObjectStore } from './object-store.ts';

/** Small tensors are packed together up to about this size; a larger tensor is a chunk of its own. */
const PACK_BYTES = 8 * 2 ** 20;

/** Requests in flight at once. */
const PARALLEL = 4;

/** SHA-256 of a tensor's type, shape and data. */
const hashTensor = (tensor: StoredTensor): string => {
  const { data } = tensor;
  return createHash('sha256')
    .update(`${tensor.dtype}[${tensor.shape.join(',')}]`)
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
};

/** Whether a manifest holds exactly this snapshot. */
export const holdsSnapshot = (manifest: Manifest, snapshot: ChunkedSnapshot): boolean => {
  const names = Object.keys(snapshot.tensors);
  return (
    names.length === Object.keys(manifest.tensors).length &&
    names.every(
      (name) => manifest.tensors[name]?.sha256 === hashTensor(snapshot.tensors[name] as StoredTensor),
    ) &&
    manifest.chunks[manifest.state]?.sha256 === sha256(encodeJson(snapshot.state))
  );
};

interface ChunkedSnapshot {
  readonly tensors: Readonly<Record<string, StoredTensor>>;
  readonly state: Json;
}

interface StoredChunks {
  readonly tensors: Manifest['tensors'];
  readonly chunks: Manifest['chunks'];
  readonly state: number;
  /** Bytes written now, and bytes of tensors and state that an earlier checkpoint had written already. */
  readonly bytesUploaded: number;
  readonly bytesReused: number;
}

/**
 * Uploads what `base` does not hold yet. Chunks of `base` are shared as long as they carry no more dead
 * weight than the snapshot's own size; past that, everything is written anew.
 */
export const storeChunks = async (
  store: ObjectStore,
  snapshot: ChunkedSnapshot,
  base: Manifest | undefined,
  chunkKey: (sha256: string) => string,
): Promise<StoredChunks> => {
  const names = Object.keys(snapshot.tensors).sort();
  const hashes = new Map(names.map((name) => [name, hashTensor(snapshot.tensors[name] as StoredTensor)]));
  const stateBody = encodeJson(snapshot.state);
  const stateHash = sha256(stateBody);
  const total = names.reduce((sum, name) => sum + (snapshot.tensors[name]?.data.byteLength ?? 0), 0);

  /** The chunk of `base` that holds this very tensor. */
  const inBase = (name: string): number | undefined => {
    const entry = base?.tensors[name];
    return entry?.sha256 === hashes.get(name) ? entry?.chunk : undefined;
  };
  const sharedChunks = new Set(names.map(inBase).filter((chunk) => chunk !== undefined));
  const sharedBytes = [...sharedChunks].reduce((sum, i) => sum + (base?.chunks[i]?.bytes ?? 0), 0);
  const share = sharedBytes <= 2 * total + PACK_BYTES;

  const chunks: { key: string; sha256: string; bytes: number }[] = [];
  const indexOf = (chunk: { key: string; sha256: string; bytes: number }): number => {
    const found = chunks.findIndex(({ key }) => key === chunk.key);
    return found >= 0 ? found : chunks.push(chunk) - 1;
  };
  const tensors: Record<string, Manifest['tensors'][string]> = {};
  const place = (name: string, chunk: number): void => {
    const { dtype, shape } = snapshot.tensors[name] as StoredTensor;
    tensors[name] = { dtype, shape: [...shape], sha256: hashes.get(name) as string, chunk };
  };

  const packs: string[][] = [];
  let packed = Infinity;
  let bytesReused = 0;
  for (const name of names) {
    const bytes = snapshot.tensors[name]?.data.byteLength ?? 0;
    const shared = share ? base?.chunks[inBase(name) ?? -1] : undefined;
    if (shared) {
      place(name, indexOf(shared));
      bytesReused += bytes;
      continue;
    }
    if (packed + bytes > PACK_BYTES) {
      packs.push([]);
      packed = 0;
    }
    packs.at(-1)?.push(name);
    packed += bytes;
  }

  let bytesUploaded = 0;
  const upload = async (body: Uint8Array): Promise<{ key: string; sha256: string; bytes: number }> => {
    const hash = sha256(body);
    const key = chunkKey(hash);
    await store.put(key, body);
    bytesUploaded += body.byteLength;
    return { key, sha256: hash, bytes: body.byteLength };
  };
  const limit = pLimit(PARALLEL);
  const uploaded = await Promise.all(
    packs.map((pack) =>
      limit(() =>
        upload(
          encodeSafetensors(
            Object.fromEntries(pack.map((name) => [name, snapshot.tensors[name] as StoredTensor])),
          ),
        ),
      ),
    ),
  );
  packs.forEach((pack, i) => {
    for (const name of pack) place(name, indexOf(uploaded[i] as (typeof uploaded)[number]));
  });
  const baseState = base?.chunks[base.state];
  const stateShared = baseState?.sha256 === stateHash ? baseState : undefined;
  if (stateShared) bytesReused += stateBody.byteLength;
  const state = indexOf(stateShared ?? (await upload(stateBody)));
  return { tensors, chunks, state, bytesUploaded, bytesReused };
};
