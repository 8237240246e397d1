import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStack, stackEnvironment } from '../../infra/local/stack/document.ts';
import { layoutOf, REPOSITORY } from '../../infra/local/stack/layout.ts';
import { freePort } from '../../infra/local/stack/ports.ts';
import { sha256 } from '../../nas/core/hash.ts';
import { fingerprint } from '../../nas/training/programs/fingerprint.ts';
import { attemptRecordSchema, type AttemptRecord } from '../../nas/job/attempt-record.ts';
import { runRecordSchema } from '../../nas/experiment/run-record.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { RunView } from '../../nas/protocol/run-view.ts';
import { comparedParts } from '../../nas/job/receipt.ts';
import { restoreCheckpoint } from '../../store/checkpoints.ts';
import { readDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { createS3Client, createS3ObjectStore } from '../../store/s3-object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';

const MINUTES = 60_000;
const JOB = 'stage-1/seed-0';

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const folder = mkdtempSync(join(tmpdir(), 'nas-changed-'));
/** A clone that somebody edits. */
const clone = join(folder, 'clone');
const home = join(folder, 'home');
const layout = layoutOf(home);

const nas = (...args: string[]): Promise<Answer> =>
  new Promise((resolve) => {
    const own = Object.entries(process.env).filter(([name]) => !/^(AWS_|TEMPORAL_|NAS_BUCKET)/.test(name));
    const env = { ...Object.fromEntries(own), NAS_HOME: home };
    execFile(process.execPath, ['scripts/nas.mjs', ...args], { cwd: clone, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
const done = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await nas(...args);
  if (code !== 0) throw new Error(`nas ${args.join(' ')}: ${stderr}`);
  return stdout + stderr;
};
/** Long enough that the search still runs when the code has been changed. */
const MICRO = ['test/e2e/micro.yaml', '--set', 'stages.search.recipe.epochs=30'];
let store: ObjectStore;

beforeAll(async () => {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: REPOSITORY,
    encoding: 'utf8',
  });
  for (const file of files.split('\0'))
    if (file !== '' && (!file.startsWith('test/') || file.startsWith('test/e2e/')))
      cpSync(join(REPOSITORY, file), join(clone, file));
  // The packages of this one, but a cache of its own.
  mkdirSync(join(clone, 'node_modules'));
  for (const name of readdirSync(join(REPOSITORY, 'node_modules')))
    if (name !== '.cache')
      symlinkSync(join(REPOSITORY, 'node_modules', name), join(clone, 'node_modules', name));
  const ports: string[] = [];
  for (const option of ['--temporal-port', '--temporal-ui-port', '--s3-port', '--batch-port'])
    ports.push(option, String(await freePort()));
  await done('up', ...ports, '--slots', '2');
  const stack = readStack(layout);
  if (stack === undefined) throw new Error('nas up left no stack');
  store = createS3ObjectStore({
    bucket: stack.config.bucket,
    client: createS3Client({
      endpoint: stackEnvironment(stack)['AWS_ENDPOINT_URL_S3'] ?? '',
      region: stack.config.region,
      credentials: stack.credentials,
      forcePathStyle: true,
    }),
  });
}, 4 * MINUTES);

afterAll(async () => {
  await nas('down');
  rmSync(folder, { recursive: true, force: true });
}, MINUTES);

const found = async (prefix: string): Promise<string[]> => {
  const all: string[] = [];
  for await (const { key } of store.list(prefix)) all.push(key);
  return all;
};
const text = async (key: string): Promise<string> => new TextDecoder().decode((await store.get(key))?.body);
/** What a run that has ended has left: the result of each job by its path. */
const results = async (runId: string): Promise<Record<string, string>> => {
  const all = (await found(keys.jobs(runId))).filter((key) => key.endsWith('/result.json'));
  return Object.fromEntries(
    await Promise.all(all.map(async (key) => [key.slice(keys.jobs(runId).length), await text(key)] as const)),
  );
};
/** The view of a run once it is done. */
const ended = async (runId: string): Promise<RunView> => {
  for (;;) {
    const view = JSON.parse((await nas('status', runId, '--json')).stdout) as RunView;
    if (view.status === 'done') return view;
    expect(view.status, view.error).toBe('running');
    await sleep(500);
  }
};
/** Weights, optimiser, random streams and result that a job ended with, by hash, as a receipt has them. */
const partsOf = async (runId: string, jobId: string): Promise<Record<string, string>> => {
  const { experimentHash, experiment } = await record(runId);
  const [{ software } = {}] = await attempts(runId, jobId);
  const identity = {
    experimentHash,
    threads: experiment.resources.threads,
    codeVersion: software?.['code'] ?? '',
  };
  const { snapshot } = await restoreCheckpoint(store, { runId, jobId }, identity);
  const result = await store.get(keys.job(runId, jobId).result);
  if (snapshot === undefined || result === undefined) throw new Error(`${jobId} of ${runId} left nothing`);
  return { ...fingerprint(snapshot), result: sha256(result.body) };
};
const attempts = async (runId: string, stage = JOB): Promise<AttemptRecord[]> =>
  Promise.all(
    (await found(`${keys.jobs(runId)}${stage}`))
      .filter((key) => key.includes('/attempts/'))
      .map(async (key) => (await readDocument(store, key, attemptRecordSchema)) as AttemptRecord),
  );
const record = async (runId: string): Promise<RunRecord> =>
  (await readDocument(store, keys.experiment(runId), runRecordSchema)) as RunRecord;

describe('a run under which the code is changed', () => {
  it(
    'goes on by the code that it began with, with every byte of its undisturbed twin',
    async () => {
      await done('run', ...MICRO, '--name', 'twin', '--detach');
      await done('run', ...MICRO, '--name', 'kept', '--detach');
      for (;;) {
        const [{ endedAt } = {}] = await attempts('kept');
        expect(endedAt, 'it has ended before the code was changed').toBeUndefined();
        if ((await found(keys.job('kept', JOB).manifests)).length > 0) break;
        await sleep(100);
      }
      const before = readStack(layout)?.code;

      // An edit that changes every number, taken over by nas up as another revision of the job definition.
      const schedules = join(clone, 'nas/training/optimizers/schedules.ts');
      const edited = readFileSync(schedules, 'utf8').replace('Math.cos(', '0.9 * Math.cos(');
      writeFileSync(schedules, edited);
      const refused = await nas('run', ...MICRO, '--name', 'twin', '--detach');
      expect(refused.stderr).toMatch(/warning: the stack runs other code .* Fix: nas up/);
      expect(await done('up')).toContain('their jobs with the code they began with');
      expect(readStack(layout)?.code).not.toBe(before);
      const again = await nas('run', ...MICRO, '--name', 'twin', '--detach');
      expect(again.stderr).not.toContain('warning');
      await done('reclaim', `kept/${JOB}`, '--notice', '1');

      const views = await Promise.all(['kept', 'twin'].map(ended));
      const [kept, twin] = await Promise.all([results('kept'), results('twin')]);
      // A search, the retrained cells of both contenders, and their evaluations.
      expect(new Set(Object.keys(kept).map((key) => key.slice(0, 7)))).toEqual(
        new Set(['stage-1', 'stage-2', 'stage-3']),
      );
      expect(kept).toEqual(twin);
      const concluded = ({ winner, baseline, verdict }: RunView) => ({ winner, baseline, verdict });
      expect(concluded(views[0] as RunView)).toEqual(concluded(views[1] as RunView));
      expect(views[0]?.verdict).toBeDefined();
      for (const key of Object.keys(kept)) {
        const jobId = key.replace(/\/result\.json$/, '');
        const receipt = comparedParts(await partsOf('twin', jobId), await partsOf('kept', jobId));
        expect(receipt.parts.map(({ part }) => part)).toEqual(expect.arrayContaining(['weights', 'result']));
        expect(receipt.identical, `${jobId}: ${JSON.stringify(receipt.parts)}`).toBe(true);
      }
      const [reclaimed, undisturbed] = await Promise.all([attempts('kept'), attempts('twin')]);
      expect(undisturbed).toHaveLength(1);
      expect(reclaimed.length).toBeGreaterThan(1);
      expect(reclaimed.at(-1)?.fromStep).toBeGreaterThan(0);
      // Stages 2 and 3 were launched after the change.
      const later = await Promise.all(['stage-2/', 'stage-3/'].map((stage) => attempts('kept', stage)));
      expect(later.every((tried) => tried.length > 0)).toBe(true);
      const all = [...reclaimed, ...undisturbed, ...later.flat()];
      const codes = all.map(({ software }) => software?.['code']);
      expect(new Set(codes)).toEqual(new Set([codes[0]]));
      expect(codes[0]).toMatch(/^[0-9a-f]{64}$/);
      expect((await record('kept')).code?.jobDefinition).toMatch(/:1$/);
    },
    20 * MINUTES,
  );
});
