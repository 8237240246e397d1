import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imageManifestSchema } from '../../../nas/task/images/manifest.ts';
import { keys } from '../../../store/keys.ts';
import { SHIPPED_FOLDER } from '../../../scripts/data/shipped.ts';
import { readDocument } from '../../../store/json-documents.ts';
import { createS3ObjectStore } from '../../../store/s3-object-store.ts';
import { bucketForTests, s3ClientForTests, s3Environment, s3ForTests } from '../../support/shared-servers.ts';
import type { TestS3 } from '../../support/shared-servers.ts';

const NAS = fileURLToPath(new URL('../../../scripts/nas.mjs', import.meta.url));

let s3: TestS3;
let bucket = '';
let folder = '';
beforeAll(async () => {
  s3 = await s3ForTests();
  bucket = await bucketForTests(s3);
  folder = await mkdtemp(join(tmpdir(), 'nas-data-command-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs `nas data …` as a user does, against the test's bucket. */
const data = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  dataWith({}, ...args);

const dataWith = (
  changed: Record<string, string>,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const env = {
      ...process.env,
      ...s3Environment(s3),
      NAS_CONFIG: join(folder, 'none.yaml'),
      NAS_BUCKET: bucket,
      NAS_QUEUE: 'queue',
      NAS_JOB_DEFINITION: 'trainer',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      ...changed,
    };
    execFile(process.execPath, [NAS, 'data', ...args], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });

describe('nas data', () => {
  test('add, list and verify; a damaged shard is found', async () => {
    const added = await data('add', 'fashion-mnist-small', '--json');
    expect([added.code, added.stderr]).toEqual([0, '']);
    expect(JSON.parse(added.stdout)).toMatchObject({
      created: true,
      dataset: { name: 'fashion-mnist-small', train: 8000, test: 2000, classes: 10, licence: 'MIT' },
    });
    const again = await data('add', 'fashion-mnist-small');
    expect(again.stdout).toContain('were there already');

    const listed = JSON.parse((await data('list', '--json')).stdout) as {
      datasets: { name: string }[];
      addable: string[];
    };
    expect(listed.datasets.map(({ name }) => name)).toEqual(['fashion-mnist-small']);
    expect(listed.addable).toEqual([
      ...['fashion-mnist', 'cifar10', 'cifar100', 'opticks', 'ptb', 'wikitext-2'],
    ]);

    const whole = await data('verify', '--json');
    expect([whole.code, JSON.parse(whole.stdout)]).toEqual([
      0,
      { datasets: [{ name: 'fashion-mnist-small', problems: [] }] },
    ]);
    const store = createS3ObjectStore({ bucket, client: s3ClientForTests(s3) });
    const manifest = await readDocument(store, keys.dataset('fashion-mnist-small'), imageManifestSchema);
    const key = keys.blob(manifest!.splits.test.shards[0]!.blob.sha256);
    await s3ClientForTests(s3).send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    const damaged = await data('verify');
    expect([damaged.code, damaged.stdout]).toEqual([1, expect.stringMatching(/test: .*missing/)]);
  });

  test('bad input exits with 2 and says what is allowed', async () => {
    const unknown = await data('add', 'fashion-mnst');
    expect([unknown.code, unknown.stdout]).toEqual([2, '']);
    expect(unknown.stderr).toContain('did you mean fashion-mnist?');
    await cp(SHIPPED_FOLDER, folder, { recursive: true });
    await writeFile(join(folder, 't10k-labels-idx1-ubyte.gz'), 'not gzip');
    const corrupt = await data('add', 'fashion-mnist', '--from', folder);
    expect(corrupt.code).toBe(2);
    expect(corrupt.stderr).toMatch(/-ubyte\.gz".*sha256/);
    expect((await data('verify', 'nothing')).code).toBe(2);
    const size = await data('add', 'images', '--from', folder, '--name', 'mine', '--size', '0');
    expect([size.code, size.stderr]).toEqual([2, expect.stringContaining('whole numbers from 1')]);
  });

  test('a text is added, shown and verified; what is no text exits with 2', async () => {
    const added = await data('add', 'opticks');
    expect([added.code, added.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^opticks: 84128 training, 8942 validation and 10220 test tokens written\n4226 types/,
      ),
    ]);
    const shown = await data('show', 'opticks');
    expect(shown.stdout).toMatch(
      /validation perplexity +585\.8 of a unigram model, 286\.5 of a bigram model/,
    );
    expect((await data('verify', 'opticks')).stdout).toBe('opticks: ok\n');
    expect((await data('list')).stdout).toMatch(
      /^opticks +4226 types, bigram 286\.5 +84128 +10220 +public domain/m,
    );
    await writeFile(join(folder, 'binary.txt'), Uint8Array.of(65, 0, 66));
    const binary = await data('add', 'text', '--from', join(folder, 'binary.txt'), '--split', '80/10/10');
    expect([binary.code, binary.stderr]).toEqual([2, expect.stringContaining('this is a binary file')]);
    await writeFile(join(folder, 'book.txt'), 'one line\n');
    const unsplit = await data('add', 'text', '--from', join(folder, 'book.txt'));
    expect([unsplit.code, unsplit.stderr]).toEqual([2, expect.stringContaining('--split 80/10/10')]);
    const unknown = await data('show', 'optiks');
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('did you mean opticks?')]);
  });

  test('a store that is down exits with 3 and says what to do', async () => {
    const down = await dataWith({ AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9' }, 'list');
    expect([down.code, down.stdout]).toEqual([3, '']);
    expect(down.stderr).toMatch(/Fix: check bucket, region and credentials.*\(cause: .*ECONNREFUSED/);
  });
});
