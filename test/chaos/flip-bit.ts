import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../nas/core/random.ts';
import { readManifest } from '../../store/checkpoint-documents.ts';
import type { HistoryEntry, JobRef } from '../../store/checkpoint-documents.ts';
import type { ChaosStack } from './stack.ts';

/** A bit that was turned over in the newest checkpoint of a job. */
export interface Flip {
  readonly job: JobRef;
  readonly key: string;
  /** Key of the checkpoint's manifest. */
  readonly checkpoint: string;
  /** Of the lease under which the damaged checkpoint was written. */
  readonly epoch: number;
  /** The job's result was there before anybody had to read the checkpoint again. */
  readonly unread: boolean;
}

/**
 * Turns one bit of a checkpoint over, on the S3 server's disk: ETag and size of the object stay what they
 * were.
 */
export const flipBit = async (
  stack: ChaosStack,
  checkpoint: HistoryEntry,
  random: Random,
): Promise<{ readonly key: string; readonly what: string }> => {
  const { manifest } = await readManifest(stack.store, checkpoint);
  return flipBitOf(
    stack,
    random.pick([checkpoint.key, ...manifest.chunks.map((chunk) => chunk.key)]),
    random,
  );
};

/** As above, in any object. */
export const flipBitOf = (
  stack: ChaosStack,
  key: string,
  random: Random,
): { readonly key: string; readonly what: string } => {
  const file = openSync(join(stack.layout.s3Objects, stack.stack.config.bucket, key), 'r+');
  try {
    const offset = random.int(fstatSync(file).size);
    const bit = random.int(8);
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, offset);
    byte[0] = (byte[0] as number) ^ (1 << bit);
    writeSync(file, byte, 0, 1, offset);
    return { key, what: `bit ${bit} of byte ${offset} of ${key.split('/').slice(-2).join('/')}` };
  } finally {
    closeSync(file);
  }
};
