import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handoverSchema } from '../../nas/job/handover.ts';
import { reclaimNoticeSchema } from '../../nas/job/handover.ts';
import type { Handover } from '../../nas/job/handover.ts';
import { EXIT_CODES } from '../../nas/job/outcome.ts';
import { createDocument, readDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { jobKit, RUN, tinyTraining, type JobKit } from './job-kit.ts';

let kit: JobKit;
beforeAll(async () => {
  kit = await jobKit();
});
afterAll(() => kit.close());
/** Far more steps than the tests let it do. */
const LONG = tinyTraining(2000);
const TRAINING = /from step \d+ of \d+/;

/** A metadata service that announces nothing until it is told to. */
const metadataService = async () => {
  let announced = false;
  const imds = createServer((request, response) => {
    if (request.method === 'PUT') return response.end('token');
    if (!announced || !request.url?.endsWith('/spot/instance-action')) return response.writeHead(404).end();
    return response.end(JSON.stringify({ action: 'terminate', time: '2026-11-22T10:02:00Z' }));
  });
  await new Promise<void>((resolve) => imds.listen(0, '127.0.0.1', resolve));
  return {
    environment: {
      AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${(imds.address() as AddressInfo).port}`,
    },
    announce: () => void (announced = true),
    close: () => imds.close().closeAllConnections(),
  };
};

describe('reclaims', () => {
  it('checkpoints and leaves on a spot notice and on SIGTERM, and goes on where it left', async () => {
    const imds = await metadataService();
    try {
      const uri = await kit.submit('reclaimed', LONG);
      const first = kit.start(uri, {
        ...imds.environment,
        AWS_BATCH_JOB_ID: 'batch-7',
        AWS_BATCH_JOB_ATTEMPT: '1',
      });
      await first.until(TRAINING);
      imds.announce();
      expect(await first.ended, first.log()).toBe(EXIT_CODES.preempted);

      const second = kit.start(uri);
      await second.until(TRAINING);
      second.process.kill('SIGTERM');
      expect(await second.ended, second.log()).toBe(EXIT_CODES.preempted);

      const [one, two] = await kit.attempts('reclaimed');
      expect(one).toMatchObject({
        batchJobId: 'batch-7',
        batchAttempt: 1,
        outcome: 'preempted',
        fromStep: 0,
        notice: { kind: 'reclaim' },
      });
      expect(one?.toStep).toBeGreaterThan(0);
      expect(two).toMatchObject({
        epoch: 2,
        outcome: 'preempted',
        fromStep: one?.toStep,
        notice: { kind: 'sigterm' },
      });
      expect(await kit.result('reclaimed')).toBeUndefined();
    } finally {
      imds.close();
    }
  });

  it('leaves to a replacement, which waits for the last checkpoint; what Batch restarts ends at once', async () => {
    const imds = await metadataService();
    try {
      const uri = await kit.submit('replaced', LONG);
      const old = { ...imds.environment, AWS_BATCH_JOB_ID: 'old', AWS_BATCH_JOB_ATTEMPT: '1' };
      const first = kit.start(uri, old);
      await first.until(TRAINING);
      const job = keys.job(RUN, 'replaced');
      await createDocument(kit.store, job.handover(1), handoverSchema, {
        next: 'replacement',
        batchJobId: 'old',
        attempts: 9,
        noticedAt: new Date().toISOString(),
      } satisfies Handover);
      const second = kit.start(uri, { AWS_BATCH_JOB_ID: 'new', AWS_BATCH_JOB_ATTEMPT: '1' });
      await second.until('still writing its last checkpoint');
      imds.announce();
      expect(await first.ended, first.log()).toBe(EXIT_CODES.replaced);
      await second.until(TRAINING);
      const third = kit.start(uri, { ...old, AWS_BATCH_JOB_ATTEMPT: '2' });
      expect(await third.ended, third.log()).toBe(EXIT_CODES.fenced);
      second.process.kill('SIGTERM');
      expect(await second.ended, second.log()).toBe(EXIT_CODES.preempted);

      const [one, two, ...others] = await kit.attempts('replaced');
      expect(others).toEqual([]);
      expect(one).toMatchObject({ batchJobId: 'old', outcome: 'preempted', notice: { kind: 'reclaim' } });
      expect(two).toMatchObject({ batchJobId: 'new', epoch: 2, fromStep: one?.toStep });
      const notice = await readDocument(kit.store, keys.notice(RUN, 'replaced', 1), reclaimNoticeSchema);
      expect(notice).toMatchObject({ batchJobId: 'old', batchAttempt: 1 });
    } finally {
      imds.close();
    }
  });
});

describe('ownership and bad input', () => {
  it('stops an attempt whose job a newer one owns, which then has written nothing more', async () => {
    const uri = await kit.submit('contested', LONG, { everySteps: 20 });
    const old = kit.start(uri);
    await old.until(TRAINING);
    const young = kit.start(uri);
    expect(await old.ended, old.log()).toBe(EXIT_CODES.fenced);
    await young.until(TRAINING);
    young.process.kill('SIGTERM');
    expect(await young.ended, young.log()).toBe(EXIT_CODES.preempted);
    const [first, second] = await kit.attempts('contested');
    expect(first?.outcome).toBeUndefined();
    expect(first?.endedAt).toBeUndefined();
    expect(second).toMatchObject({ epoch: 2, outcome: 'preempted' });
    expect(second?.toStep).toBeGreaterThanOrEqual(second?.fromStep as number);
  });

  it('refuses to continue a checkpoint of another experiment, saying what differs', async () => {
    const uri = await kit.submit('foreign', LONG, { everySteps: 20 });
    const first = kit.start(uri);
    await first.until(TRAINING);
    first.process.kill('SIGTERM');
    expect(await first.ended, first.log()).toBe(EXIT_CODES.preempted);
    await kit.store.delete([uri.split('/').slice(3).join('/')]);
    await kit.submit('foreign', LONG, {}, { experimentHash: 'another' });
    const second = kit.start(uri);
    expect(await second.ended, second.log()).toBe(EXIT_CODES['user-error']);
    const attempts = await kit.attempts('foreign');
    expect(attempts[1]).toMatchObject({ outcome: 'user-error' });
    expect(attempts[1]?.error).toMatch(/another experiment.*another where the checkpoint has experiment/);
  });

  it('types its other ends', async () => {
    const wild = tinyTraining(3);
    const diverging = {
      ...wild,
      recipe: { ...wild.recipe, clipNorm: 0, optimizer: { ...wild.recipe.optimizer, learningRate: 1e30 } },
    } as typeof wild;
    const odd = { ...tinyTraining(3), network: { channels: 3, layers: 3, stem: 'cifar' } } as typeof wild;
    const missing = (await kit.submit('there', wild)).replace('there', 'nowhere');
    const ends = [
      [await kit.submit('diverging', diverging), 'diverged'],
      [await kit.submit('odd', odd), 'invalid-architecture'],
      [missing, 'user-error'],
    ] as const;
    for (const [uri, end] of ends) {
      const trainer = kit.start(uri);
      expect(await trainer.ended, trainer.log()).toBe(EXIT_CODES[end]);
    }
    const [attempt] = await kit.attempts('diverging');
    expect(attempt).toMatchObject({ outcome: 'diverged' });
    expect(attempt?.error).toContain('learning rate');
  });
});
