import { parentPort, workerData } from 'node:worker_threads';
import type { Batch } from './batches.ts';
import { createBatchPipeline } from './batches.ts';
import type { PrefetchSetup, PrefetchReply, PrefetchRequest } from './prefetch.ts';

const setup = workerData as PrefetchSetup;

const createMaker = async (): Promise<(request: PrefetchRequest) => Batch | Promise<Batch>> => {
  if (setup.kind === 'memory') {
    const pipeline = createBatchPipeline(setup.dataset, setup.indices, setup.settings);
    return ({ epoch, index }) => pipeline.batch(epoch, index);
  }
  // The image decoder is a large native library that sets of pixels do not need.
  const { createStreamedBatches } = await import('./streamed-batches.ts');
  const make = createStreamedBatches(setup.dataset, setup.settings);
  return ({ epoch, index, images = [] }) => make(epoch, index, images);
};
const maker = createMaker();

const answer = async (request: PrefetchRequest): Promise<void> => {
  try {
    const batch = await (await maker)(request);
    const reply: PrefetchReply = { id: request.id, batch };
    parentPort?.postMessage(reply, [batch.x.buffer as ArrayBuffer, batch.y.buffer as ArrayBuffer]);
  } catch (error) {
    const reply: PrefetchReply = { id: request.id, error: (error as Error).message };
    parentPort?.postMessage(reply);
  }
};

parentPort?.on('message', (request: PrefetchRequest) => void answer(request));
