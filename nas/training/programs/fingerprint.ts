import { hashJson, sha256 } from '../../core/hash.ts';
import type { Json } from '../../core/json.ts';
import type { Snapshot } from '../program.ts';

const bytesOf = (view: ArrayBufferView): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

const isRecord = (state: Json): state is { readonly [key: string]: Json } =>
  typeof state === 'object' && state !== null && !Array.isArray(state);

/**
 * A snapshot's parts by SHA-256: tensors by the first part of their names (`weights`, `buffers`, `optimizer`,
 * `average`, `alphas`), the other state by field (`state.dataDigest`, `state.curve`, generators), and the
 * step. Two snapshots with equal fingerprints continue alike.
 */
export const fingerprint = (snapshot: Snapshot): Record<string, string> => {
  const lines = new Map<string, string[]>();
  for (const name of Object.keys(snapshot.tensors).sort()) {
    const { dtype, shape, data } = snapshot.tensors[name] as Snapshot['tensors'][string];
    const group = name.split('/', 1)[0] as string;
    const line = `${name} ${dtype} [${shape.join()}] ${sha256(bytesOf(data))}\n`;
    lines.set(group, [...(lines.get(group) ?? []), line]);
  }
  const tensors = [...lines].map(([group, parts]) => [group, sha256(parts.join(''))]);
  const state = isRecord(snapshot.state)
    ? Object.entries(snapshot.state).map(([field, value]) => [`state.${field}`, hashJson(value)])
    : [['state', hashJson(snapshot.state)]];
  return { step: hashJson(snapshot.step), ...Object.fromEntries([...tensors, ...state]) } as Record<
    string,
    string
  >;
};
