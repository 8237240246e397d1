import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { timeInference } from '../../containers/trainer/latency.ts';
import { latencyRecordSchema } from '../../nas/experiment/measures.ts';
import type { LatencyRecord } from '../../nas/experiment/measures.ts';
import { EXIT_CODES } from '../../nas/job/outcome.ts';
import { createDocument, readDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { jobKit, RUN, tinyTraining, type JobKit } from './job-kit.ts';

describe('the time of a network', () => {
  it('is the median of the passes after those that warm up', () => {
    let clock = 0;
    let passes = 0;
    const network = {
      values: 3,
      logits: (image: Float32Array): Float32Array => {
        expect(image).toHaveLength(3);
        // Warming up takes seconds; then 1 to 50 ms, in no order.
        clock += passes < 10 ? 5 : (1 + ((7 * passes) % 50)) / 1000;
        passes++;
        return image;
      },
    };
    const { milliseconds, low, high, repeats, warmUp } = timeInference(network, () => clock);
    expect([repeats, warmUp, passes]).toEqual([50, 10, 60]);
    expect(milliseconds).toBeCloseTo(25.5, 6);
    expect(low).toBeCloseTo(13.25, 6);
    expect(high).toBeCloseTo(37.75, 6);
  });
});

describe('a job that times its network', () => {
  let kit: JobKit;
  beforeAll(async () => {
    kit = await jobKit();
  });
  afterAll(() => kit.close());

  const train = async (jobId: string, measureLatency: boolean): Promise<string | undefined> => {
    const uri = await kit.submit(jobId, tinyTraining(1), {}, measureLatency ? { measureLatency: true } : {});
    const trainer = kit.start(uri);
    expect(await trainer.ended, trainer.log()).toBe(EXIT_CODES.succeeded);
    return kit.result(jobId);
  };
  const recorded = (jobId: string): Promise<LatencyRecord | undefined> =>
    readDocument(kit.store, keys.job(RUN, jobId).latency, latencyRecordSchema);

  it('leaves the time beside a result that is that of any other training', async () => {
    const timed = await train('timed', true);
    expect(timed).toBe(await train('untimed', false));
    const record = await recorded('timed');
    expect(record?.milliseconds).toBeGreaterThan(0);
    expect(record?.device).toMatch(/^[CG]PU, 1 threads/);
    expect(await recorded('untimed')).toBeUndefined();
  }, 300_000);

  it('keeps the time that an earlier attempt recorded', async () => {
    const earlier: LatencyRecord = {
      version: 1,
      milliseconds: 12345,
      low: 12344,
      high: 12346,
      repeats: 50,
      warmUp: 10,
      device: 'another machine',
    };
    await createDocument(kit.store, keys.job(RUN, 'resumed').latency, latencyRecordSchema, earlier);
    await train('resumed', true);
    expect(await recorded('resumed')).toEqual(earlier);
  }, 300_000);
});
