import { Worker } from 'node:worker_threads';
import type { Batch, BatchPipeline, BatchSettings } from './batches.ts';
import { countBatches } from './batches.ts';
import type { InMemoryDataset } from './dataset.ts';
import type { StreamedImage } from './streamed-batches.ts';
import { placesOf, streamOrder, type StreamedDataset } from './streamed-dataset.ts';

type Pixels = Pick<InMemoryDataset, 'shape' | 'images' | 'labels' | 'mean' | 'std'>;

interface Setup<Kind extends string, Dataset> {
  readonly kind: Kind;
  readonly dataset: Dataset;
  readonly settings: BatchSettings;
  readonly entry: string;
}
/** What the worker thread gets; the arrays of a data set in memory are shared and are not copied. */
export type PrefetchSetup =
  | (Setup<'memory', Pixels> & { readonly indices: Int32Array })
  | Setup<'streamed', Pick<StreamedDataset, 'shape' | 'mean' | 'std'>>;

export interface PrefetchRequest {
  readonly id: number;
  readonly epoch: number;
  readonly index: number;
  /** Of a streamed data set. */
  readonly images?: readonly StreamedImage[];
}
export type PrefetchReply =
  { readonly id: number; readonly batch: Batch } | { readonly id: number; readonly error: string };

/** A pipeline whose batches are made in a worker thread, ahead of their use. */
export interface PrefetchedPipeline extends Omit<BatchPipeline, 'batch'> {
  /**
   * The batch at a position; equal, bit for bit, to `createBatchPipeline`'s. Later batches are then under
   * way.
   */
  batch(epoch: number, index: number): Promise<Batch>;
  /** Ends the thread; pending batches reject. */
  close(): Promise<void>;
}

/** TypeScript reaches a worker thread only if the thread itself registers the loader. */
const BOOTSTRAP = `
import('tsx/esm/api').then(({ register }) => {
  register();
  return import(require('node:worker_threads').workerData.entry);
});`;

/** Batches ahead whose shards are already fetched to local disk. */
const FETCH_AHEAD = 32;

/** The images of a streamed data set's batches, on local disk when they are asked for. */
const imageFinder = (
  dataset: StreamedDataset,
  indices: Int32Array,
  settings: BatchSettings,
): ((epoch: number, index: number) => Promise<readonly StreamedImage[]>) => {
  const { batchSize, mode, seed } = settings;
  const { labels, shardCounts } = dataset;
  const { shard, place } = placesOf(shardCounts);
  const batchesPerEpoch = countBatches(indices.length, settings);
  const orders = new Map<number, readonly number[]>();
  const inOrder = Array.from(indices);
  const orderOf = (epoch: number): readonly number[] => {
    const known =
      orders.get(epoch) ?? (mode === 'train' ? streamOrder(shard, indices, seed, epoch) : inOrder);
    orders.set(epoch, known);
    for (const old of orders.keys()) if (orders.size > 2) orders.delete(old);
    return known;
  };
  const numbersOf = (position: number): readonly number[] => {
    const at = (position % batchesPerEpoch) * batchSize;
    return orderOf(Math.floor(position / batchesPerEpoch)).slice(at, at + batchSize);
  };
  const warm = (position: number): void => {
    for (const number of numbersOf(position))
      // A failure surfaces where the batch is used.
      dataset.shardFile(shard[number] as number).catch(() => undefined);
  };
  return (epoch, index) => {
    const position = epoch * batchesPerEpoch + index;
    warm(position + FETCH_AHEAD);
    return Promise.all(
      numbersOf(position).map(async (number) => ({
        path: await dataset.shardFile(shard[number] as number),
        count: shardCounts[shard[number] as number] as number,
        place: place[number] as number,
        label: labels[number] as number,
      })),
    );
  };
};

/**
 * Prefetches `depth` batches ahead of the last one asked for, in epoch order. Asking for a batch out of order
 * is allowed: it costs the wait for that one batch. The thread never keeps the process alive.
 */
export const createPrefetchedPipeline = (
  dataset: Pixels | StreamedDataset,
  indices: Int32Array,
  settings: BatchSettings,
  depth = 3,
): PrefetchedPipeline => {
  const { shape: imageShape, mean, std } = dataset;
  const { batchSize } = settings;
  const batchesPerEpoch = countBatches(indices.length, settings);
  const entry = new URL('./prefetch-worker.ts', import.meta.url).href;
  const streamed = 'shardFile' in dataset ? dataset : undefined;
  const setup: PrefetchSetup =
    'shardFile' in dataset
      ? { kind: 'streamed', dataset: { shape: imageShape, mean, std }, settings, entry }
      : {
          kind: 'memory',
          dataset: { shape: imageShape, images: dataset.images, labels: dataset.labels, mean, std },
          indices,
          settings,
          entry,
        };
  const find = streamed && imageFinder(streamed, indices, settings);
  const worker = new Worker(BOOTSTRAP, { eval: true, workerData: setup, execArgv: [] });
  worker.unref();

  interface Pending {
    readonly resolve: (batch: Batch) => void;
    readonly reject: (error: Error) => void;
  }
  const pending = new Map<number, Pending>();
  const ahead = new Map<string, Promise<Batch>>();
  let nextId = 0;
  let dead: Error | undefined;

  const settle = (id: number): Pending | undefined => {
    const waiting = pending.get(id);
    pending.delete(id);
    if (pending.size === 0) worker.unref();
    return waiting;
  };
  const fail = (error: Error): void => {
    dead ??= error;
    for (const id of [...pending.keys()]) settle(id)?.reject(error);
  };
  worker.on('message', (reply: PrefetchReply) => {
    const waiting = settle(reply.id);
    if ('batch' in reply) waiting?.resolve(reply.batch);
    else waiting?.reject(new Error(`data loading: ${reply.error}`));
  });
  worker.on('error', (cause) => fail(new Error('data loading: the worker thread failed', { cause })));
  worker.on('exit', () => fail(new Error('data loading: the worker thread has ended')));

  const request = (epoch: number, index: number): Promise<Batch> => {
    if (dead) return Promise.reject(dead);
    const id = nextId++;
    const promise = new Promise<Batch>((resolve, reject) => pending.set(id, { resolve, reject }));
    worker.ref();
    const send = (images?: readonly StreamedImage[]): void => {
      const message: PrefetchRequest = { id, epoch, index, ...(images && { images }) };
      worker.postMessage(message);
    };
    if (find === undefined) send();
    else find(epoch, index).then(send, (error: Error) => settle(id)?.reject(error));
    return promise;
  };
  const keyOf = (epoch: number, index: number): string => `${epoch}/${index}`;

  return {
    batchSize,
    batchesPerEpoch,
    shape: [batchSize, ...imageShape],
    batch: (epoch, index) => {
      const key = keyOf(epoch, index);
      const wanted = ahead.get(key) ?? request(epoch, index);
      const upcoming = new Map<string, Promise<Batch>>();
      for (let k = 1; k <= depth; k++) {
        const position = epoch * batchesPerEpoch + index + k;
        const at = [Math.floor(position / batchesPerEpoch), position % batchesPerEpoch] as const;
        const early = ahead.get(keyOf(...at)) ?? request(...at);
        // A failure surfaces where the batch is used, not as an unhandled rejection here.
        early.catch(() => undefined);
        upcoming.set(keyOf(...at), early);
      }
      ahead.clear();
      for (const [at, early] of upcoming) ahead.set(at, early);
      return wanted;
    },
    close: async () => {
      await worker.terminate();
    },
  };
};
