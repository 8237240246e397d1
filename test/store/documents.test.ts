import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CorruptBlobError, getBlob, putBlob } from '../../store/blobs.ts';
import { readManifest } from '../../store/checkpoint-documents.ts';
import { createDocument, readDocument, replaceDocument, updateDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';
import { findRunRecord } from '../../store/run-records.ts';
import { CorruptDocumentError, seal, unseal } from '../../store/sealed-document.ts';
import { StorageError, type ObjectStore } from '../../store/object-store.ts';
import { faultyStore } from '../support/faulty-store.ts';

const counter = z.strictObject({ count: z.number() });
const text = (body: Uint8Array) => new TextDecoder().decode(body);

describe('documents', () => {
  it('are written once, as canonical JSON, with a reference to what is there', async () => {
    const store = createMemoryObjectStore();
    const first = await createDocument(store, 'a/result.json', z.unknown(), { b: 1, a: [0.1, null] });
    expect(first).toMatchObject({
      written: true,
      identical: true,
      ref: { uri: 's3://memory/a/result.json' },
    });
    const { body } = (await store.get('a/result.json'))!;
    expect(text(body)).toBe('{"a":[0.1,null],"b":1}\n');
    expect(first.ref.bytes).toBe(body.byteLength);
    expect(await getBlob(store, first.ref)).toEqual(body);
    expect(await createDocument(store, 'a/result.json', z.unknown(), { a: [0.1, null], b: 1 })).toEqual({
      ...first,
      written: false,
    });
    expect(await createDocument(store, 'a/result.json', z.unknown(), { b: 2 })).toEqual({
      written: false,
      identical: false,
      ref: first.ref,
    });
  });

  it('count as identical when only the answer was lost', async () => {
    const store = createMemoryObjectStore();
    const retried = faultyStore(store, ({ index }) => (index === 0 ? 'repeated' : undefined));
    expect(await createDocument(retried, 'a', counter, { count: 1 })).toMatchObject({
      written: false,
      identical: true,
    });
  });

  it.each([NaN, Infinity, undefined])('refuse %s, which JSON does not have', async (value) => {
    const store = createMemoryObjectStore();
    await expect(
      createDocument(store, 'a', z.unknown(), value === undefined ? value : { value }),
    ).rejects.toThrow();
    expect(await store.get('a')).toBeUndefined();
  });

  it('are written as their schema says alone', async () => {
    const store = createMemoryObjectStore();
    const wrong = { count: '1' } as unknown as z.infer<typeof counter>;
    await expect(createDocument(store, 'a', counter, wrong)).rejects.toThrow(z.ZodError);
    await expect(replaceDocument(store, 'a', counter, wrong)).rejects.toThrow(z.ZodError);
    await expect(updateDocument(store, 'a', counter, () => wrong)).rejects.toThrow(z.ZodError);
    expect(await store.get('a')).toBeUndefined();
  });

  it('are read through a schema', async () => {
    const store = createMemoryObjectStore();
    expect(await readDocument(store, 'a', counter)).toBeUndefined();
    await replaceDocument(store, 'a', counter, { count: 1 });
    await replaceDocument(store, 'a', counter, { count: 2 });
    expect(await readDocument(store, 'a', counter)).toEqual({ count: 2 });
    await replaceDocument(store, 'a', z.unknown(), { count: 'two' });
    await expect(readDocument(store, 'a', counter)).rejects.toThrow(CorruptDocumentError);
    await store.put('a', new TextEncoder().encode('{"count":'));
    await expect(readDocument(store, 'a', counter)).rejects.toThrow(/^a: not the document/);
  });

  it('lose no update of many writers, and say so when they cannot win', async () => {
    const store = createMemoryObjectStore();
    const raise = (seen: { count: number } | undefined) => ({ count: (seen?.count ?? 0) + 1 });
    await Promise.all(Array.from({ length: 20 }, () => updateDocument(store, 'n', counter, raise)));
    expect(await readDocument(store, 'n', counter)).toEqual({ count: 20 });
    const beaten = { ...store, compareAndSwap: async () => ({ kind: 'conflict' }) as const };
    await expect(updateDocument(beaten, 'n', counter, raise, 3)).rejects.toThrow(
      /s3:\/\/memory\/n: lost 3 rounds/,
    );
  });

  it('pass storage failures on', async () => {
    const store = faultyStore(createMemoryObjectStore(), () => 'refused');
    await expect(createDocument(store, 'a', z.unknown(), {})).rejects.toThrow(StorageError);
    await expect(readDocument(store, 'a', counter)).rejects.toThrow(StorageError);
  });
});

describe('sealed documents', () => {
  const open = (body: Uint8Array) => unseal(counter, 'key', { body, etag: '' });
  it('verify themselves', () => {
    expect(open(seal({ count: 1 }))).toEqual({ count: 1 });
    const changed = new TextEncoder().encode(text(seal({ count: 1 })).replace('"count":1', '"count":2'));
    expect(() => open(changed)).toThrow('key: its digest does not match its content');
    expect(() => open(new TextEncoder().encode('{"count":1}'))).toThrow('key: has no digest');
    expect(() => open(new Uint8Array([0xff]))).toThrow('key: not JSON (1 bytes)');
    expect(() => open(seal({ count: 'x' }))).toThrow(/^key: .*count/s);
  });
});

describe('a damaged document', () => {
  const put = (store: ObjectStore, key: string, body: string) =>
    store.put(key, new TextEncoder().encode(body));
  const damaged: [string, RegExp, (store: ObjectStore) => Promise<unknown>][] = [
    [
      'of another kind',
      /^a: not the document/,
      async (store) => {
        await put(store, 'a', '{}');
        await readDocument(store, 'a', counter);
      },
    ],
    ...(
      [
        ['that is no JSON', /^a: not JSON \(1 bytes\)/, '{'],
        ['without a digest', /^a: has no digest/, '{"count":1}'],
        ['with another digest', /^a: its digest does not match/, '{"count":1,"digest":"0"}'],
        [
          'of another schema',
          /^a: count: Invalid input[^\n]*\. Fix/,
          new TextDecoder().decode(seal({ count: 'one' })),
        ],
      ] as const
    ).map(([what, words, body]): (typeof damaged)[number] => [
      `under seal, ${what}`,
      words,
      async () => unseal(counter, 'a', { body: new TextEncoder().encode(body), etag: '' }),
    ]),
    ['that is gone', /^a: missing/, (store) => readManifest(store, { key: 'a' })],
    [
      'of a run',
      /experiment\.json: damaged: not JSON .*, then nas retry r$/,
      async (store) => {
        await put(store, keys.experiment('r'), '{');
        await findRunRecord(store, 'r');
      },
    ],
    [
      'among blobs',
      /: missing\. Fix: .*add its data set again/,
      async (store) => {
        const ref = await putBlob(store, new Uint8Array(1));
        await store.delete([keys.blob(ref.sha256)]);
        await getBlob(store, ref);
      },
    ],
  ];

  it.each(damaged)('%s says what helps', async (_, words, read) => {
    const error = await read(createMemoryObjectStore()).then(
      () => undefined,
      (cause: unknown) => cause as CorruptDocumentError,
    );
    expect(error?.message).toMatch(words);
    expect(error?.message).toMatch(/^[^\n]*[^.]\. Fix: restore the object from the bucket's versions[^\n]*$/);
    // What goes on without the document needs no fix.
    expect(error?.problem).not.toContain('Fix:');
  });
});

describe('blobs', () => {
  it('are found by their content and verified', async () => {
    const store = createMemoryObjectStore();
    const ref = await putBlob(store, new TextEncoder().encode('content'));
    expect(ref).toEqual({ uri: store.uri(keys.blob(ref.sha256)), sha256: ref.sha256, bytes: 7 });
    expect(text(await getBlob(store, ref))).toBe('content');
    await store.put(keys.blob(ref.sha256), new TextEncoder().encode('c0ntent'));
    await expect(getBlob(store, ref)).rejects.toThrow(/its SHA-256 is .* not /);
    await store.put(keys.blob(ref.sha256), new TextEncoder().encode('cont'));
    await expect(getBlob(store, ref)).rejects.toThrow(/has 4 bytes where 7 were written/);
    await putBlob(store, new TextEncoder().encode('content'));
    expect(text(await getBlob(store, ref))).toBe('content');
    await store.delete([keys.blob(ref.sha256)]);
    await expect(getBlob(store, ref)).rejects.toThrow(CorruptBlobError);
    await expect(getBlob(createMemoryObjectStore({ bucket: 'other' }), ref)).rejects.toThrow(
      /another bucket/,
    );
  });
});
