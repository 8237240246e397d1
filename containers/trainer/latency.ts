import { cpus } from 'node:os';
import { quantileSorted } from 'simple-statistics';
import { latencyRecordSchema } from '../../nas/experiment/measures.ts';
import type { LatencyRecord } from '../../nas/experiment/measures.ts';
import type { Inference, TrainingProgram } from '../../nas/training/program.ts';
import { keys } from '../../store/keys.ts';
import type { JobRef } from '../../store/checkpoint-documents.ts';
import { createOrMend, findDocument } from '../../store/mendable-documents.ts';
import { persist } from './persist.ts';
import type { AttemptSettings, CreatedProgram } from './settings.ts';

/** Forward passes that settle caches and clocks; then those that count. */
const WARM_UP = 10;
const REPEATS = 50;

/** Quartiles of the forward passes of one image; `now` gives seconds. */
export const timeInference = (
  inference: Pick<Inference, 'values' | 'logits'>,
  now: () => number,
): Omit<LatencyRecord, 'version' | 'device'> => {
  const image = Float32Array.from({ length: inference.values }, (_, i) => Math.sin(i));
  for (let i = 0; i < WARM_UP; i++) inference.logits(image);
  const times = Array.from({ length: REPEATS }, () => {
    const start = now();
    inference.logits(image);
    return 1000 * (now() - start);
  }).sort((a, b) => a - b);
  return {
    milliseconds: quantileSorted(times, 0.5),
    low: quantileSorted(times, 0.25),
    high: quantileSorted(times, 0.75),
    repeats: REPEATS,
    warmUp: WARM_UP,
  };
};

/**
 * Times the trained network and records it, once for the job: what an earlier attempt has recorded stays,
 * since a timing cannot be repeated. Answers what was wrong with a record that was damaged, which is
 * replaced.
 */
export const recordLatency = async (
  { store, retrySeconds, now, log }: Pick<AttemptSettings, 'store' | 'retrySeconds' | 'now' | 'log'>,
  { runId, jobId }: JobRef,
  program: TrainingProgram,
  software: CreatedProgram['software'],
): Promise<string | undefined> => {
  const key = keys.job(runId, jobId).latency;
  const present = await persist(key, retrySeconds, () => findDocument(store, key, latencyRecordSchema));
  if (present.kind === 'intact') return undefined;
  if (program.inference === undefined) throw new TypeError(`${jobId}: trains no network that could be timed`);
  const inference = await program.inference();
  try {
    const record: LatencyRecord = {
      version: 1,
      ...timeInference(inference, now),
      device: [software['device'], cpus()[0]?.model].filter((name) => name !== undefined).join(', '),
    };
    const { mended } = await persist(key, retrySeconds, () =>
      createOrMend(store, key, latencyRecordSchema, record),
    );
    log(`${jobId}: one image in ${record.milliseconds.toFixed(2)} ms on ${record.device}`);
    return mended;
  } finally {
    inference.dispose();
  }
};
