import { expect, it } from 'vitest';
import { contenderOf } from '../../nas/job/contender.ts';
import { stageRecordSchema } from '../../nas/job/stage-record.ts';

const planned = (jobId: string) => ({ kind: 'evaluate', jobId, seed: 0, genotype: 'x' }) as const;

it('is what the plan says, and what the path says in plans of 0.1.0', () => {
  expect(contenderOf({ ...planned('stage-3/elsewhere/seed-0'), contender: 'winner' })).toBe('winner');
  expect(contenderOf(planned('stage-3/winner/seed-0'))).toBe('winner');
  expect(contenderOf(planned('stage-3/baseline/seed-0'))).toBe('baseline');
});

it('is read from stage records with the field and without', () => {
  const record = (job: object) => ({
    version: 1,
    stage: 'evaluate',
    reports: [{ job, outcome: 'lost', attempts: 1, reclaims: 0, seconds: 1, dollars: 0 }],
  });
  const old = planned('stage-3/winner/seed-0');
  expect(stageRecordSchema.parse(record(old))).toEqual(record(old));
  const present = { ...old, contender: 'winner' };
  expect(stageRecordSchema.parse(record(present))).toEqual(record(present));
  expect(() => stageRecordSchema.parse(record({ ...old, contender: 'loser' }))).toThrow(/contender/);
});
