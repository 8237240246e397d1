import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BlobRef } from '../../nas/core/blob.ts';
import { checkpointSchema } from '../../nas/experiment/experiment.ts';
import type { AttemptRecord } from '../../nas/job/attempt-record.ts';
import { jobDocumentSchema, type JobDocument } from '../../nas/job/job-document.ts';
import type { ProgramSpec } from '../../nas/job/program-spec.ts';
import { recipeSchema } from '../../nas/task/images/recipe.ts';
import { selectImages } from '../../nas/task/images/image-set.ts';
import { createDocument } from '../../store/json-documents.ts';
import { writeDataset } from '../../store/image-datasets.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { createS3ObjectStore } from '../../store/s3-object-store.ts';
import { bucketForTests, s3ClientForTests, s3Environment, s3ForTests } from '../support/shared-servers.ts';
import { tinyData } from '../training/programs/tiny-data.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const CELL =
  "[('sep_conv_3x3', 0), ('skip_connect', 1), ('max_pool_3x3', 0), ('skip_connect', 2), ('avg_pool_3x3', 1), ('none', 2), ('skip_connect', 0), ('skip_connect', 1)]";

export const tinyTraining = (epochs: number): ProgramSpec => ({
  kind: 'train-network',
  space: { name: 'darts-cnn' },
  genotype: `Genotype(normal=${CELL}, normal_concat=range(2, 6), reduce=${CELL}, reduce_concat=range(2, 6))`,
  network: { channels: 4, layers: 3, stem: 'cifar' },
  recipe: recipeSchema.parse({ epochs, batchSize: 16, emaDecay: 0.5 }),
  data: {
    validationFraction: 0.25,
    splitSeed: 0,
    augmentation: { cropPadding: 1, horizontalFlip: true, cutout: 0 },
  },
  seed: 3,
  trainOn: 'train',
  evaluateOn: 'validation',
});

/** A bucket of a real S3 server with a data set in it, and how to run jobs on it as real processes. */
export interface JobKit {
  readonly store: ObjectStore;
  /** Manifest of its data set, `tiny`. */
  readonly dataset: BlobRef;
  /** What a trainer process needs in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Writes a job document; returns its URI. */
  submit(
    jobId: string,
    program: ProgramSpec,
    checkpoint?: object,
    rest?: Partial<JobDocument>,
  ): Promise<string>;
  start(uri: string, environment?: Record<string, string>): RunningTrainer;
  /** Bytes of the job's result. */
  result(jobId: string): Promise<string | undefined>;
  attempts(jobId: string): Promise<AttemptRecord[]>;
  /** Ends trainers that a failed test left running. */
  close(): void;
}

interface RunningTrainer {
  readonly process: ChildProcess;
  /** Standard error so far. */
  log(): string;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** Resolves when the log holds `text`; rejects when the process ends first. */
  until(text: string | RegExp): Promise<void>;
}

export const RUN = 'kit';

export const jobKit = async (): Promise<JobKit> => {
  const s3 = await s3ForTests();
  const bucket = await bucketForTests(s3);
  const store = createS3ObjectStore({ bucket, client: s3ClientForTests(s3) });
  const data = tinyData();
  const { classes, ...rest } = { ...(await data.open('train')), test: await data.open('test') };
  const whole = (set: Parameters<typeof selectImages>[0]) => selectImages(set, [...set.labels.keys()]);
  const { ref } = await writeDataset(store, 'tiny', {
    classes,
    train: whole(rest),
    test: whole(rest.test),
    source: 'test',
    licence: 'none',
    verified: 'made here',
  });
  const children: ChildProcess[] = [];
  const cache = mkdtempSync(join(tmpdir(), 'nas-trainer-test-'));

  const read = async <T>(key: string): Promise<T | undefined> => {
    const stored = await store.get(key);
    return stored && (JSON.parse(Buffer.from(stored.body).toString('utf8')) as T);
  };

  const ownEnvironment = {
    NAS_CACHE: cache,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:9',
    ...s3Environment(s3),
  };
  return {
    store,
    dataset: ref,
    environment: ownEnvironment,
    submit: async (jobId, program, checkpoint = {}, more = {}) => {
      const key = keys.job(RUN, jobId).document;
      const document: JobDocument = {
        version: 1,
        runId: RUN,
        jobId,
        experimentHash: 'experiment',
        program,
        dataset: { name: 'tiny', manifest: ref },
        checkpoint: checkpointSchema.parse(checkpoint),
        threads: 1,
        ...more,
      };
      await createDocument(store, key, jobDocumentSchema, document);
      return store.uri(key);
    },
    start: (uri, environment = {}) => {
      const child = spawn(process.execPath, ['scripts/run.mjs', 'containers/trainer/main.ts', uri], {
        cwd: ROOT,
        env: { PATH: process.env['PATH'], ...ownEnvironment, ...environment },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      children.push(child);
      let text = '';
      child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
      const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
      return {
        process: child,
        log: () => text,
        ended,
        until: (wanted) =>
          new Promise((resolve, reject) => {
            const look = (): void => {
              if (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) resolve();
            };
            child.stderr?.on('data', look);
            look();
            void ended.then(() => reject(new Error(`ended without ${String(wanted)}:\n${text}`)));
          }),
      };
    },
    result: async (jobId) => {
      const stored = await store.get(keys.job(RUN, jobId).result);
      return stored && Buffer.from(stored.body).toString('utf8');
    },
    attempts: async (jobId) => {
      const records: AttemptRecord[] = [];
      for await (const { key } of store.list(keys.job(RUN, jobId).attempts))
        records.push((await read<AttemptRecord>(key)) as AttemptRecord);
      return records;
    },
    close: () => {
      for (const child of children) child.kill('SIGKILL');
      rmSync(cache, { recursive: true, force: true });
    },
  };
};
