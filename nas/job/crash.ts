import { z } from 'zod';

const count = z.number().int().min(0);

/**
 * A process that its own native code killed: what it did last, and on what. Stored beside the attempt's own
 * record.
 */
export const crashRecordSchema = z.object({
  version: z.literal(1),
  jobId: z.string(),
  epoch: count,
  batchJobId: z.string(),
  host: z.string(),
  /** `SIGSEGV`, `SIGABRT`, … */
  signal: z.string(),
  exitCode: count,
  /** ISO 8601. */
  at: z.string(),
  /** Kind of the program. */
  program: z.string().exactOptional(),
  phase: z.string().exactOptional(),
  /** What native code was asked for last; see `JobProgress`. */
  operation: z.string().exactOptional(),
  /** Of the program; up to two seconds old. */
  step: count.exactOptional(),
  totalSteps: count.exactOptional(),
  /** Name to version of what computed: `tensorflow`, `node`, `cpu`, `ONEDNN_MAX_CPU_ISA`, … */
  software: z.record(z.string(), z.string()).readonly().exactOptional(),
});
export type CrashRecord = z.infer<typeof crashRecordSchema>;

const BEFORE = 'before the program began';

/** Names where a process crashed, so that crashes at one place can be told from crashes here and there. */
export const crashPlace = ({ program, operation, phase }: Partial<CrashRecord>): string =>
  [program, operation ?? phase].filter((part) => part !== undefined).join(': ') || BEFORE;

/**
 * `SIGSEGV in weight-sharing-search: train (graph 1), step 17 of 400, on host ip-10-0-0-1 (tensorflow 2.21.0,
 * cpu …)`.
 */
export const describeCrash = (crash: Partial<CrashRecord> & Pick<CrashRecord, 'signal'>): string => {
  const { signal, step, totalSteps, host, software = {} } = crash;
  const place = crashPlace(crash);
  const versions = Object.entries(software)
    .filter(([name]) => name !== 'code')
    .map(([name, version]) => `${name} ${version}`);
  return [
    `${signal} ${place === BEFORE ? '' : 'in '}${place}`,
    ...(step === undefined || totalSteps === undefined || totalSteps === 0
      ? []
      : [`, step ${step} of ${totalSteps}`]),
    ...(host === undefined ? [] : [`, on ${host}`]),
    ...(versions.length === 0 ? [] : [` (${versions.join(', ')})`]),
  ].join('');
};
