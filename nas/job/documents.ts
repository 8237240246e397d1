import { z } from 'zod';
import type { BlobRef } from '../core/blob.ts';
import { grownSchema } from '../search/inheritance.ts';
import type { AttemptRecord, ProgramResult } from './job.ts';
import type { JobReport, PlannedJob } from './job-report.ts';
import { OUTCOMES } from './outcome.ts';
import type { RunRecord } from '../experiment/run-record.ts';
import { settledExperimentSchema } from '../experiment/settled-experiment.ts';
import type { StageName } from '../experiment/stage-name.ts';

/** Schemas of the documents that the protocol reads back from the store, parsed once at that edge. */
const count = z.number().int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const blobRef: z.ZodType<BlobRef> = z.strictObject({ uri: z.string(), sha256, bytes: count });
const cost = z.object({ multiplyAdds: z.number(), images: z.number() });

export const runRecordSchema: z.ZodType<RunRecord> = z.strictObject({
  version: z.literal(1),
  runId: z.string(),
  experiment: settledExperimentSchema,
  experimentHash: sha256,
  dataset: z.strictObject({ name: z.string(), manifest: blobRef }),
  createdAt: z.string(),
  deployment: z.string().exactOptional(),
  code: z.strictObject({ jobDefinition: z.string(), workers: z.array(z.string()) }).exactOptional(),
});

const edges = z.array(z.array(z.number()));

const curve = z.array(
  z.object({
    epoch: z.number(),
    step: z.number(),
    trainLoss: z.number().exactOptional(),
    trainAccuracy: z.number().exactOptional(),
    validationLoss: z.number().exactOptional(),
    validationAccuracy: z.number().exactOptional(),
    learningRate: z.number().exactOptional(),
    controller: z
      .object({
        reward: z.number(),
        baseline: z.number(),
        entropy: z.number(),
        skipRate: z.number().exactOptional(),
      })
      .exactOptional(),
    edgeWeights: z.record(z.string(), edges).exactOptional(),
    skipConnects: z.record(z.string(), z.number()).exactOptional(),
    hessianEigenvalue: z.number().exactOptional(),
  }),
);

/** What range a score may have says the metric of the job's task: `scoreProblem`. */
export const programResultSchema: z.ZodType<ProgramResult> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('search'),
    candidates: z
      .array(z.object({ genotype: z.string(), score: z.number(), rescored: z.number().exactOptional() }))
      .min(1),
    curve,
    cost,
    weightsSha256: sha256,
    summary: z.record(z.string(), z.number()).exactOptional(),
  }),
  z.object({
    kind: z.literal('train'),
    genotype: z.string(),
    evaluatedOn: z.enum(['validation', 'test']),
    accuracy: z.number(),
    loss: z.number(),
    curve,
    parameters: count,
    multiplyAdds: z.number(),
    activationBytes: z.number().exactOptional(),
    cost,
    weightsSha256: sha256,
  }),
]);

/** The part of an attempt's record that the protocol reads: who it was, and its last words. */
export const attemptSchema: z.ZodType<
  Pick<AttemptRecord, 'epoch' | 'batchJobId' | 'batchAttempt' | 'outcome' | 'error'>
> = z.object({
  epoch: count,
  batchJobId: z.string(),
  batchAttempt: count,
  outcome: z.string().exactOptional(),
  error: z.string().exactOptional(),
});

/** An attempt's whole record, for the report; fields that a later version adds are left out. */
export const attemptRecordSchema: z.ZodType<AttemptRecord> = z.object({
  jobId: z.string(),
  epoch: count,
  batchJobId: z.string(),
  batchAttempt: count,
  host: z.string(),
  startedAt: z.string(),
  endedAt: z.string().exactOptional(),
  outcome: z.string().exactOptional(),
  error: z.string().exactOptional(),
  fromStep: count,
  toStep: count.exactOptional(),
  notice: z.object({ kind: z.enum(['reclaim', 'rebalance', 'sigterm']), at: z.string() }).exactOptional(),
  walkedBack: z.array(z.string()).exactOptional(),
  mended: z.array(z.string()).exactOptional(),
  checkpoints: z.object({ count, bytes: count, stallSeconds: z.number() }).exactOptional(),
  trainSeconds: z.number().exactOptional(),
  peakBytes: z.number().exactOptional(),
  software: z.record(z.string(), z.string()).exactOptional(),
});

const plannedJob: z.ZodType<PlannedJob> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('search'),
    jobId: z.string(),
    seed: count,
    by: z.literal('trials').exactOptional(),
    thinksLong: z.literal(true).exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('trial'),
    jobId: z.string(),
    seed: count,
    genotype: z.string(),
    rungs: z.array(count),
    continues: z.string().exactOptional(),
    inherits: grownSchema.extend({ jobId: z.string() }).exactOptional(),
  }),
  z.strictObject({
    kind: z.enum(['gate', 'retrain', 'baseline', 'evaluate']),
    jobId: z.string(),
    seed: count,
    genotype: z.string(),
    contender: z.enum(['winner', 'baseline']).exactOptional(),
    search: count.exactOptional(),
  }),
]);

const jobReport: z.ZodType<JobReport> = z.strictObject({
  job: plannedJob,
  outcome: z.enum(OUTCOMES),
  error: z.string().exactOptional(),
  attempts: count,
  reclaims: count,
  seconds: z.number(),
  thinkingSeconds: z.number().exactOptional(),
  dollars: z.number(),
  result: z
    .strictObject({
      uri: z.string(),
      sha256,
      genotype: z.string(),
      accuracy: z.number(),
      scoredOn: z.enum(['validation', 'test']),
      cost,
    })
    .exactOptional(),
});

/** How a stage ended; stored at `keys.stageResult`, read by the next stage and the report. */
export interface StageRecord {
  readonly version: 1;
  readonly stage: StageName;
  readonly reports: readonly JobReport[];
}

export const stageRecordSchema: z.ZodType<StageRecord> = z.strictObject({
  version: z.literal(1),
  stage: z.enum(['proxy-search', 'retrain-top', 'evaluate']),
  reports: z.array(jobReport),
});
