import { randomBytes, randomUUID } from 'node:crypto';
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';
import { parseS3Uri, StorageError, type ObjectStore } from '../../store/object-store.ts';
import { createS3ObjectStore } from '../../store/s3-object-store.ts';
import { startMoto, startVersitygw, type TestS3Server } from '../support/s3-servers.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array | undefined): string | undefined => body && new TextDecoder().decode(body);
const listed = async (store: ObjectStore, prefix: string): Promise<string[]> => {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
};

interface Backend {
  /**
   * The server checks a precondition and writes in one step. moto does it in two, so it cannot judge a race.
   */
  readonly atomic: boolean;
  readonly open: () => Promise<{ store: ObjectStore; server?: TestS3Server; bucket?: string }>;
}
const served = (start: () => Promise<TestS3Server>, atomic: boolean): Backend => ({
  atomic,
  open: async () => {
    const server = await start();
    const bucket = `contract-${randomUUID().slice(0, 8)}`;
    await server.createBucket(bucket);
    const store = createS3ObjectStore({
      bucket,
      client: server.client(),
      partBytes: 5 * 2 ** 20,
      pageKeys: 20,
    });
    return { store, server, bucket };
  },
});
const backends: Record<string, Backend> = {
  memory: { atomic: true, open: async () => ({ store: createMemoryObjectStore() }) },
  versitygw: served(startVersitygw, true),
  moto: served(startMoto, false),
};

describe.each(Object.entries(backends))('object store on %s', (name, backend) => {
  let store: ObjectStore;
  let server: TestS3Server | undefined;
  let bucket: string | undefined;
  beforeAll(async () => {
    ({ store, server, bucket } = await backend.open());
  }, 180_000);
  afterAll(async () => server?.stop());

  it('answers undefined for what does not exist', async () => {
    expect(await store.get('nothing/here')).toBeUndefined();
    expect(await store.head('nothing/here')).toBeUndefined();
    await store.delete(['nothing/here']);
    expect(await listed(store, 'nothing/')).toEqual([]);
  });

  it('gives back the bytes put, empty ones and large ones too', async () => {
    for (const [key, body] of [
      ['bytes/empty', new Uint8Array()],
      ['bytes/all', Uint8Array.from({ length: 256 }, (_, i) => i)],
      ['bytes/large', randomBytes(12 * 2 ** 20)],
    ] as const) {
      const { etag } = await store.put(key, body);
      const stored = await store.get(key);
      expect(Buffer.compare(stored!.body, body), key).toBe(0);
      expect(stored!.etag).toBe(etag);
      expect(await store.head(key)).toMatchObject({ key, bytes: body.byteLength, etag });
    }
    const pending = [];
    for await (const upload of store.listUploads('')) pending.push(upload);
    expect(pending).toEqual([]);
  });

  it('keeps its own copy', async () => {
    const body = bytes('before');
    await store.put('copy/a', body);
    body.fill(0);
    const first = await store.get('copy/a');
    first!.body.fill(0);
    expect(text((await store.get('copy/a'))!.body)).toBe('before');
  });

  it('overwrites with put', async () => {
    await store.put('over/a', bytes('1'));
    await store.put('over/a', bytes('22'));
    expect(text((await store.get('over/a'))!.body)).toBe('22');
  });

  it('writes if absent, once', async () => {
    expect((await store.putIfAbsent('once/a', bytes('first'))).kind).toBe('written');
    expect(await store.putIfAbsent('once/a', bytes('second'))).toEqual({ kind: 'conflict' });
    expect(text((await store.get('once/a'))!.body)).toBe('first');
    await store.delete(['once/a']);
    expect((await store.putIfAbsent('once/a', bytes('third'))).kind).toBe('written');
  });

  it('swaps only what it has seen', async () => {
    const { etag } = await store.put('swap/a', bytes('1'));
    const swapped = await store.compareAndSwap('swap/a', bytes('2'), etag);
    expect(swapped.kind).toBe('written');
    expect(await store.compareAndSwap('swap/a', bytes('3'), etag)).toEqual({ kind: 'conflict' });
    expect(await store.get('swap/a')).toEqual({
      body: bytes('2'),
      etag: swapped.kind === 'written' ? swapped.etag : '',
    });
    expect(await store.compareAndSwap('swap/absent', bytes('1'), etag)).toEqual({ kind: 'conflict' });
    expect(await store.get('swap/absent')).toBeUndefined();
  });

  it('has exactly one winner of every race', async () => {
    const rivals = backend.atomic ? 12 : 1;
    for (let round = 0; round < 5; round++) {
      const key = `race/${round}`;
      const creations = await Promise.all(
        Array.from({ length: rivals }, (_, i) => store.putIfAbsent(key, bytes(`create ${i}`))),
      );
      expect(creations.filter(({ kind }) => kind === 'written')).toHaveLength(1);
      const { etag } = (await store.get(key))!;
      const swaps = await Promise.all(
        Array.from({ length: rivals }, (_, i) => store.compareAndSwap(key, bytes(`swap ${i}`), etag)),
      );
      expect(swaps.filter(({ kind }) => kind === 'written')).toHaveLength(1);
      const winner = swaps.findIndex(({ kind }) => kind === 'written');
      expect(text((await store.get(key))!.body)).toBe(`swap ${winner}`);
    }
  });

  it('loses no increment of a counter that many raise at once', async () => {
    await store.put('counter', bytes('0'));
    const raise = async (): Promise<void> => {
      for (;;) {
        const seen = (await store.get('counter'))!;
        const next = bytes(String(Number(text(seen.body)) + 1));
        if ((await store.compareAndSwap('counter', next, seen.etag)).kind === 'written') return;
      }
    };
    const rivals = backend.atomic ? 8 : 1;
    await Promise.all(
      Array.from({ length: rivals }, async () => {
        for (let i = 0; i < 40 / rivals; i++) await raise();
      }),
    );
    expect(text((await store.get('counter'))!.body)).toBe('40');
  }, 60_000);

  it('lists in key order, over several pages, and by prefix only', async () => {
    const names = Array.from({ length: 45 }, (_, i) => `list/many/${String(i).padStart(4, '0')}`);
    for (let start = 0; start < names.length; start += 50) {
      await Promise.all(names.slice(start, start + 50).map((name) => store.put(name, bytes(name))));
    }
    await store.put('list/manyother', bytes('x'));
    await store.put('list/odd/ä+b c&d%25.json', bytes('x'));
    expect(await listed(store, 'list/many/')).toEqual(names);
    expect(await listed(store, 'list/odd/')).toEqual(['list/odd/ä+b c&d%25.json']);
    expect(text((await store.get('list/odd/ä+b c&d%25.json'))!.body)).toBe('x');
    await store.delete(names);
    expect(await listed(store, 'list/')).toEqual(['list/manyother', 'list/odd/ä+b c&d%25.json']);
  }, 120_000);

  it('tells when an object was written', async () => {
    await store.put('time/a', bytes('1'));
    const before = (await store.head('time/a'))!.modifiedAt;
    if (server) await new Promise((resolve) => setTimeout(resolve, 1_100));
    await store.put('time/a', bytes('1'));
    expect((await store.head('time/a'))!.modifiedAt).toBeGreaterThan(before);
    for await (const entry of store.list('time/')) expect(entry).toEqual(await store.head(entry.key));
  });

  // The memory store writes bodies whole and never refuses.
  if (name === 'memory') return;

  it('lists and aborts uploads that nobody completed', async () => {
    const client = server!.client();
    await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: 'upload/abandoned' }));
    const pending = [];
    for await (const upload of store.listUploads('upload/')) pending.push(upload);
    expect(pending).toMatchObject([{ key: 'upload/abandoned' }]);
    for (const upload of pending) await store.abortUpload(upload);
    await store.abortUpload(pending[0]!);
    for await (const upload of store.listUploads('upload/')) throw new Error(`${upload.key} is still there`);
    client.destroy();
  });

  it('names the operation, bucket and key when the service refuses', async () => {
    const absent = createS3ObjectStore({ bucket: 'no-such-bucket-here', client: server!.client() });
    for (const call of [
      () => absent.get('a/b'),
      () => absent.put('a/b', bytes('x')),
      () => absent.putIfAbsent('a/b', bytes('x')),
      () => listed(absent, 'a/b'),
    ]) {
      const error = await call().catch((e: unknown) => e);
      expect(error).toBeInstanceOf(StorageError);
      expect((error as Error).message).toMatch(
        /failed with status 404.*\[bucket=no-such-bucket-here, key=a\/b\]$/,
      );
      expect((error as Error).cause).toBeInstanceOf(Error);
    }
  });
});

describe('S3 URIs', () => {
  it('are split into bucket and key', () => {
    expect(parseS3Uri('s3://my-bucket/runs/a/job.json')).toEqual({
      bucket: 'my-bucket',
      key: 'runs/a/job.json',
    });
    expect(createMemoryObjectStore({ bucket: 'b1x' }).uri('a/b')).toBe('s3://b1x/a/b');
  });
  it.each(['', 'http://a/b', 's3://bucket', 's3://bucket/', 's3://B/x'])('refuse %j', (uri) => {
    expect(() => parseS3Uri(uri)).toThrow(RangeError);
  });
});
