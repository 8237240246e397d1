import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { addDataset } from '../../../scripts/data/add-dataset.ts';
import { addBenchmark } from '../../../scripts/data/add-benchmark.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { listTables, openTable } from '../../../store/tables.ts';

const MACRO = new URL('../../../data/nas-bench-macro/nas-bench-macro-cifar10.csv.gz', import.meta.url);

describe('nas data add of a benchmark', () => {
  it('writes the table once, which is then listed and opened', async () => {
    const store = createMemoryObjectStore();
    const { manifest, created } = await addBenchmark(store, 'nas-bench-macro', {});
    expect(created).toBe(true);
    expect(manifest).toMatchObject({ name: 'nas-bench-macro', rows: 6561 });
    expect((await addBenchmark(store, 'nas-bench-macro', {})).created).toBe(false);
    expect(await listTables(store)).toEqual([manifest]);
    const table = await openTable(store, manifest);
    expect(table.column('mean_acc')[table.rowOf('22212220')]).toBeCloseTo(93.1267, 3);
  });

  it('refuses another table under its name, a table of another space, and a missing one', async () => {
    const store = createMemoryObjectStore();
    await addBenchmark(store, 'nas-bench-macro', {});
    const file = join(mkdtempSync(join(tmpdir(), 'nas-table-')), 'other.csv');
    writeFileSync(
      file,
      gunzipSync(readFileSync(MACRO)).toString().replace('00000000,45.32', '00000000,45.33'),
    );
    await expect(addBenchmark(store, 'nas-bench-macro', { from: file })).rejects.toThrow(
      /a name that no other table has/,
    );
    const other = await addBenchmark(store, 'nas-bench-macro', { from: file, name: 'macro-2' });
    expect(other.created).toBe(true);
    await expect(addBenchmark(store, 'nas-bench-201', { from: file })).rejects.toThrow(/table\.arch/);
    await expect(addBenchmark(store, 'nas-bench-201', {})).rejects.toThrow(/--from.*only nas-bench-macro/);
    await expect(addBenchmark(store, 'nas-bench-101', { from: '/none.csv' })).rejects.toThrow(/--from/);
  });

  it('refuses an unknown benchmark before it asks for a file', async () => {
    const store = createMemoryObjectStore();
    for (const name of ['nas-bench-macr', 'constructor'])
      await expect(addBenchmark(store, name, {})).rejects.toThrow(
        new RegExp(`data set: "${name}".*nas-bench-201, nas-bench-macro`),
      );
    await expect(addBenchmark(store, 'nas-bench-macr', {})).rejects.toThrow(/did you mean nas-bench-macro/);
    await expect(addDataset(store, 'nas-bench-macr')).rejects.toThrow(/did you mean nas-bench-macro/);
    await expect(addDataset(store, 'nas-bench-macr', { from: fileURLToPath(MACRO) })).rejects.toThrow(
      /--from: .*a table under the name of its benchmark.*did you mean nas-bench-macro/,
    );
  });

  it('says what is wrong with a file that it cannot read', async () => {
    const store = createMemoryObjectStore();
    const folder = mkdtempSync(join(tmpdir(), 'nas-table-'));
    const add = (name: string, bytes: string | Uint8Array) => {
      writeFileSync(join(folder, name), bytes);
      return addBenchmark(store, 'nas-bench-macro', { from: join(folder, name) });
    };
    await expect(addBenchmark(store, 'nas-bench-macro', { from: folder })).rejects.toThrow(
      /--from: .*path of the table: EISDIR/,
    );
    await expect(add('cut.csv.gz', readFileSync(MACRO).subarray(0, 9000))).rejects.toThrow(
      /--from: .*cut\.csv\.gz.*a whole gzip file.*does not unpack/,
    );
    await expect(add('utf16.csv', Buffer.from('arch,mean_acc', 'utf16le'))).rejects.toThrow(
      /utf16\.csv.*UTF-8/,
    );
    await expect(add('null.json.gz', gzipSync('{"22212220": null}'))).rejects.toThrow(
      /table\.22212220: null.*null\.json\.gz/,
    );
    expect(await listTables(store)).toEqual([]);
  });
});
