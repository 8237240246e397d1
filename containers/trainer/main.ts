import { homedir } from 'node:os';
import { join } from 'node:path';
import { EXIT_CODES } from '../../nas/job/outcome.ts';
import { createS3ObjectStore } from '../../store/s3-object-store.ts';
import { NOTICE_SECONDS } from './cadence.ts';
import { codeVersion } from './code-version.ts';
import { parseJobUri } from './job-uri.ts';
import { describeError, endOf } from './outcome.ts';
import { processor } from './processor.ts';
import { runJob } from './run-job.ts';

// The trainer: `main.ts s3://BUCKET/runs/RUN/jobs/JOB/job.json`. Runs one attempt of that job and exits with
// one of EXIT_CODES. `NAS_DRILL_KILL_AT_STEP=N` ends the process by SIGKILL right after step N: how `nas
// verify-resume` places its kills.

const RETRY_SECONDS = 600;
const log = (line: string): void => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);

const killAt = Number(process.env['NAS_DRILL_KILL_AT_STEP'] ?? 0);
const drill = (step: number): void => {
  if (step === killAt) process.kill(process.pid, 'SIGKILL');
};

const listen = (onSignal: () => void): (() => void) => {
  const signals = ['SIGTERM', 'SIGINT'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return () => signals.forEach((signal) => process.off(signal, onSignal));
};

const main = async (): Promise<number> => {
  const { bucket, key } = parseJobUri(process.argv[2]);
  return runJob({
    store: createS3ObjectStore({ bucket }),
    bucket,
    key,
    codeVersion: codeVersion(),
    cache: join(process.env['NAS_CACHE'] || join(homedir(), '.cache', 'durable-nas'), 'blobs'),
    environment: process.env,
    createProgram: async (document, resources, events) => {
      // Loaded late, so that a job with its result at hand, or a bad one, ends in a moment.
      const { loadTensorFlow } = await import('./tensorflow.ts');
      const { createProgram } = await import('../../nas/training/programs/program-table.ts');
      const { observeNative } = await import('./native-operations.ts');
      const { tf, version, device } = loadTensorFlow({ threads: document.threads });
      const software = {
        node: process.versions.node,
        tensorflow: version,
        device: `${device.toUpperCase()}, ${document.threads} threads`,
        ...processor(process.env),
      };
      await events.loaded(software);
      const observed = observeNative(tf, events.begins);
      return {
        program: await observed(() => createProgram(document.program, { tf, ...resources })),
        software,
      };
    },
    listen,
    now: () => performance.now() / 1000,
    log,
    onStep: drill,
    retrySeconds: RETRY_SECONDS,
    noticeSeconds: NOTICE_SECONDS,
  });
};

/** What nobody awaits, such as a log on a disk that is full, ends the attempt for what it is. */
const fail = (error: unknown): void => {
  log(describeError(error));
  process.exit(EXIT_CODES[endOf(error)]);
};
process.on('uncaughtException', fail);
main().then((code) => process.exit(code), fail);
