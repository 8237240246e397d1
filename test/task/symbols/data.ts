import { randomFromSeed } from '../../../nas/core/random.ts';
import { writeManifest, type WrittenDataset } from '../../../store/datasets.ts';
import { putBlob } from '../../../store/blobs.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { ALPHABET, contentHash, type SymbolManifest } from './task.ts';
import type { SymbolData } from './tensors.ts';
import { SYMBOLS } from './terms.ts';

/** Learnable: a symbol follows from the two before it, but for one in ten. */
const symbols = (count: number, seed: number): Uint8Array => {
  const random = randomFromSeed(seed);
  const stream = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const rule = (2 * (stream[i - 1] ?? 0) + (stream[i - 2] ?? 1) + 1) % ALPHABET;
    stream[i] = random.uniform() < 0.1 ? random.int(ALPHABET) : rule;
  }
  return stream;
};

const STREAMS = { train: symbols(204, 1), validation: symbols(66, 2), test: symbols(71, 3) };

/** A small data set, and a record of which splits were read. */
export const symbolData = (): SymbolData & { readonly opened: string[] } => {
  const opened: string[] = [];
  return {
    counts: {
      train: STREAMS.train.length,
      validation: STREAMS.validation.length,
      test: STREAMS.test.length,
    },
    opened,
    read: async (split) => {
      if (!opened.includes(split)) opened.push(split);
      return STREAMS[split];
    },
  };
};

/** What an importer does: blobs first, then the manifest. */
export const writeSymbols = async (
  store: ObjectStore,
  name: string,
  streams: Readonly<Record<keyof typeof STREAMS, Uint8Array>> = STREAMS,
): Promise<WrittenDataset<SymbolManifest>> => {
  const write = async (stream: Uint8Array) => {
    const { sha256, bytes } = await putBlob(store, stream);
    return { count: stream.length, blob: { sha256, bytes } };
  };
  const splits = {
    train: await write(streams.train),
    validation: await write(streams.validation),
    test: await write(streams.test),
  };
  return writeManifest<SymbolManifest>(store, {
    version: 1,
    task: SYMBOLS as never,
    name,
    splits,
    sha256: contentHash({ splits }),
    source: 'test',
    licence: 'none',
    verified: 'no',
  });
};
