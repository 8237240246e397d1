import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../nas/core/input-error.ts';
import { experimentHash, type RunRecord } from '../../nas/experiment/run-record.ts';
import { settledExperimentSchema } from '../../nas/experiment/settled-experiment.ts';
import { jobToVerify } from '../../scripts/verify/job-to-verify.ts';
import { printReceipt } from '../../scripts/verify/print-receipt.ts';
import { verifyResume } from '../../scripts/verify/verify-resume.ts';
import { keys } from '../../store/keys.ts';
import { jobKit, type JobKit } from './job-kit.ts';

let kit: JobKit;
beforeAll(async () => {
  kit = await jobKit();
  // The trainer's processes inherit this process's environment, as those of the command do.
  Object.assign(process.env, kit.environment);
});
afterAll(() => kit.close());

const experiment = settledExperimentSchema.parse({
  name: 'tiny',
  space: { name: 'darts-cnn' },
  strategy: { name: 'random-weight-sharing' },
  task: { data: 'tiny', validationFraction: 0.25 },
  stages: {
    retrain: {
      network: { channels: 2, layers: 1 },
      recipe: { epochs: 3, batchSize: 16, auxiliaryWeight: 0, dropPath: 0 },
      augmentation: { cropPadding: 1, cutout: 0 },
    },
  },
  resources: { parallelism: 1 },
});
const recordOf = (runId: string): RunRecord => ({
  version: 1,
  runId,
  experiment,
  experimentHash: experimentHash(experiment, kit.dataset),
  dataset: { name: 'tiny', manifest: kit.dataset },
  createdAt: '2026-11-22T10:00:00.000Z',
});
const verification = (runId: string, at: readonly number[]) => ({
  store: kit.store,
  record: recordOf(runId),
  job: jobToVerify(experiment, 'retrain'),
  kills: { at },
  now: () => new Date('2026-11-22T12:00:00Z'),
  log: () => undefined,
});

describe('verify-resume', () => {
  it('proves that a job killed at given steps ends as one left alone, and stores the receipt', async () => {
    const receipt = await verifyResume(verification('verify-a', [5, 9]));
    // 3 epochs of 3 minibatches, each followed by 2 of validation.
    expect(receipt.totalSteps).toBe(15);
    expect(receipt.identical).toBe(true);
    expect(receipt.parts.map(({ part }) => part)).toEqual(
      expect.arrayContaining([
        'weights',
        'buffers',
        'optimizer',
        'state.dataDigest',
        'state.curve',
        'result',
      ]),
    );
    expect(receipt.attempts.map(({ killedAt }) => killedAt)).toEqual([5, 9, undefined]);
    for (const { fromStep } of receipt.attempts.slice(1)) expect(fromStep).toBeGreaterThan(0);
    const stored = await kit.store.get(keys.receipt(receipt.experimentHash, 'verify-a'));
    expect(JSON.parse(Buffer.from(stored?.body as Uint8Array).toString())).toEqual(receipt);
    expect(printReceipt(receipt)).toContain('identical: 2 kills in 15 steps changed nothing');
    const differing = receipt.parts.map((p) => (p.part === 'weights' ? { ...p, killed: 'other' } : p));
    expect(printReceipt({ ...receipt, parts: differing, identical: false })).toMatch(
      /DIFFERENT {2}weights[^]*NOT identical/,
    );
  });

  it('says so when a step lies beyond the end', async () => {
    const beyond = verifyResume(verification('verify-b', [3, 99]));
    await expect(beyond).rejects.toThrow(InputError);
    await expect(beyond).rejects.toThrow('--at: 99 is not allowed. Allowed: 1 to 15: the job has 15 steps');
  });
});
