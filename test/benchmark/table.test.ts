import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readTable } from '../../nas/benchmark/formats.ts';
import { sha256 } from '../../nas/core/hash.ts';
import { nasBench101, nasBench101Key } from '../../nas/space/nas-bench-101.ts';
import { nasBench201 } from '../../nas/space/nas-bench-201.ts';
import type { Json } from '../../nas/core/json.ts';

const MACRO = new URL('../../data/nas-bench-macro/', import.meta.url);
const macroText = gunzipSync(readFileSync(new URL('nas-bench-macro-cifar10.csv.gz', MACRO))).toString();

/** In the published form. */
const macroJson = JSON.stringify(
  Object.fromEntries(
    macroText
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
      .map(([arch, a, b, c, mean]) => [arch, { test_acc: [a, b, c].map(Number), mean_acc: Number(mean) }]),
  ),
);

const everyCell = (): Json[] => {
  const { sizes, fromChoices } = nasBench201.decisions ?? { sizes: [], fromChoices: () => undefined };
  const total = sizes.reduce((a, b) => a * b, 1);
  return Array.from({ length: total }, (_, index) => {
    let rest = index;
    return fromChoices(
      sizes.map((size) => {
        const choice = rest % size;
        rest = Math.floor(rest / size);
        return choice;
      }),
    ) as unknown as Json;
  });
};
const print = (cell: Json): string => nasBench201.print(cell as never);

describe('the shipped NAS-Bench-Macro table', () => {
  const table = readTable('nas-bench-macro', macroText, 'macro.csv');

  it('is the file its note describes', () => {
    const note = readFileSync(new URL('README.md', MACRO), 'utf8');
    expect(note).toContain(sha256(readFileSync(new URL('nas-bench-macro-cifar10.csv.gz', MACRO))));
  });

  it('holds all 6,561 networks, the published best first among them', () => {
    expect(table.size).toBe(6561);
    const mean = table.column('mean_acc');
    const best = table.rowOf('22212220');
    expect(mean[best]).toBeCloseTo(93.127, 2);
    expect(Math.max(...mean)).toBe(mean[best]);
    expect(table.column('params')[table.rowOf('02012100')]).toBe(890666);
  });
});

describe('reading tables', () => {
  const header = 'index,arch,first,second,note';
  const rows = everyCell().map((cell, i) => `${i},${print(cell)},${i % 97},${i},x`);
  const csv = (lines: readonly string[]): string => [header, ...lines].join('\n');

  it('looks up any numeric column by architecture', () => {
    const table = readTable('nas-bench-201', csv(rows), 't.csv');
    expect(table.columns).toEqual(['index', 'first', 'second']);
    const cell = nasBench201.parse(
      '|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|',
    );
    const row = table.rowOf(cell);
    expect(everyCell()[table.column('second')[row] as number]).toEqual(cell);
  });

  it('takes columns of any name', () => {
    const text = csv(rows).replace('first,second', 'constructor,__proto__');
    const table = readTable('nas-bench-201', text, 't.csv');
    expect(table.columns).toEqual(['index', 'constructor', '__proto__']);
    expect(table.column('__proto__')[table.rowOf(everyCell()[7] as Json)]).toBe(7);
  });

  it('reads cells that NASLib writes as indices of its own operations and edges', () => {
    const operations = ['skip_connect', 'none', 'nor_conv_3x3', 'nor_conv_1x1', 'avg_pool_3x3'];
    const indices = (cell: Json): string => {
      const [a, b, c, d, e, f] = (cell as string[]).map((operation) => operations.indexOf(operation));
      return `"(${[a, b, d, c, e, f].join(', ')})"`;
    };
    const lines = everyCell().map((cell, i) => `${indices(cell)},${i / 1000}`);
    const table = readTable('nas-bench-201', ['net,latency', ...lines].join('\n'), 'hw.csv');
    // 0→1 is a 3×3 convolution, 0→3 a skip connection, 1→2 a 1×1 convolution.
    const row = lines.findIndex((line) => line.startsWith('"(2, 1, 0, 3, 1, 4)"'));
    const cell = '|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|';
    expect(table.column('latency')[table.rowOf(nasBench201.parse(cell))]).toBe(row / 1000);
  });

  it('averages repeats of one architecture', () => {
    const again = rows[5]?.replace(/,5,x$/, ',15,x') as string;
    const table = readTable('nas-bench-201', csv([...rows, again]), 't.csv');
    expect(table.column('second')[table.rowOf(everyCell()[5] as Json)]).toBe(10);
  });

  it.each([
    ['an unknown space', () => readTable('nasbench', csv(rows), 't.csv'), /space: "nasbench".*nas-bench-201/],
    [
      'a missing column',
      () => readTable('nas-bench-201', csv(rows), 't.csv').column('frist'),
      /nearest: first/,
    ],
    [
      'a missing key column',
      () => readTable('nas-bench-201', 'a,b\n1,2', 't.csv'),
      /column arch.*found: a, b/,
    ],
    [
      'a missing row',
      () => readTable('nas-bench-201', csv(rows.slice(0, -1)), 't.csv'),
      /15624 architectures.*avg_pool_3x3~0\|\+\|avg_pool_3x3~0\|avg_pool_3x3~1/,
    ],
    [
      'an empty cell in a needed column',
      () =>
        readTable(
          'nas-bench-201',
          csv([(rows[0] as string).replace(',0,x', ',,x'), ...rows.slice(1)]),
          't.csv',
        ).column('second'),
      /has no second for \|none~0.*in line 2/,
    ],
    [
      'a column of text',
      () => readTable('nas-bench-201', csv(rows), 't.csv').column('note'),
      /has "x" as note for .* in line 2/,
    ],
    [
      'a name that every object has',
      () => readTable('nas-bench-201', csv(rows), 't.csv').column('constructor'),
      /no such column/,
    ],
    [
      'two columns of one name',
      () => readTable('nas-bench-201', 'arch,a,a\n|none~0|,1,2', 't.csv'),
      /different names.*columns "a"/,
    ],
    ['a header alone', () => readTable('nas-bench-201', 'arch,a\n', 't.csv'), /a header and no rows/],
    ['an empty file', () => readTable('nas-bench-201', '', 't.csv'), /found: an empty file/],
    ['a short row', () => readTable('nas-bench-201', csv([...rows, '1,2']), 't.csv'), /on line 15627/],
    [
      'a cell of other indices',
      () => readTable('nas-bench-201', 'net,a\n"(0, 5, 0, 0, 0, 0)",1', 't.csv'),
      /table\.net/,
    ],
    [
      'an unreadable architecture',
      () => readTable('nas-bench-201', csv(['0,|none~7|,1,1,x', ...rows]), 't.csv'),
      /table\.arch.*repair line 2/,
    ],
    [
      'a value that overflows',
      () =>
        readTable('nas-bench-macro', macroText.replace(',45.32,', ',1e200,'), 't.csv').column('test_acc_1'),
      /has 1e\+200, beyond .* as test_acc_1 for 00000000 in line 2/,
    ],
    [
      'an infinite value of JSON',
      () => readTable('nas-bench-macro', macroJson.replace('45.32', '1e999'), 't.json').column('test_acc_1'),
      /has Infinity, beyond .* as test_acc_1 for 00000000/,
    ],
    [
      'the key as a column',
      () => readTable('nas-bench-201', csv(rows), 't.csv').column('arch'),
      /no such column of numbers/,
    ],
    ['no CSV', () => readTable('nas-bench-201', 'arch,a\n"', 't.csv'), /CSV file/],
    ['broken JSON', () => readTable('nas-bench-macro', '{"22', 't.json'), /table: "t\.json".*JSON/],
    ['a JSON list', () => readTable('nas-bench-macro', '[1, 2]', 't.json'), /table: "t\.json".*an object/],
    [
      'a JSON entry of null',
      () => readTable('nas-bench-macro', '{"22212220": null}', 't.json'),
      /table\.22212220: null.*objects of numbers.*the entry of 22212220 in t\.json/,
    ],
    [
      'a JSON entry that is a number',
      () => readTable('nas-bench-macro', '{"22212220": 5}', 't.json'),
      /table\.22212220: 5 .*in t\.json/,
    ],
    [
      'a JSON entry without a number',
      () => readTable('nas-bench-macro', '{"22212220": {"a": [null], "b": "x"}}', 't.json'),
      /table\.22212220: \["a","b"\].*in t\.json/,
    ],
    [
      'a JSON key that is no architecture',
      () => readTable('nas-bench-macro', '{"2221222x": {"a": 1}}', 't.json'),
      /table: "2221222x".*architectures of nas-bench-macro.*key in t\.json/,
    ],
    [
      'a hash of other digits',
      () => readTable('nas-bench-101', 'hash,a\n0123,1', 't.csv'),
      /table\.hash: "0123".*line 2/,
    ],
  ])('refuses %s', (_, read, message) => {
    expect(read).toThrow(message);
  });

  it.each(['nan', '81.9%', 'inf', '0x50', '0b1', '1e999', '1,5'])(
    'refuses %s in a needed column alone',
    (cell) => {
      const lines = [
        ...rows.slice(0, 2),
        (rows[2] as string).replace(',2,x', `,"${cell}",x`),
        ...rows.slice(3),
      ];
      const table = readTable('nas-bench-201', csv(lines), 't.csv');
      expect(table.columns).toEqual(['index', 'first', 'second']);
      expect(table.column('first')).toHaveLength(rows.length);
      expect(() => table.column('second', 'search')).toThrow(
        new RegExp(`search: "second".*has "${cell}" as second for \\|nor_conv_1x1~0.* in line 4`),
      );
    },
  );

  it('reads decimal numbers in every form', () => {
    const cells = ['-1.5', '+2', '.5', '3.', '1e2', '2.5E-1', ' 7 '];
    const lines = rows.map((row, i) => row.replace(/,\d+,x$/, `,${cells[i] ?? i},x`));
    const table = readTable('nas-bench-201', csv(lines), 't.csv');
    expect([...table.column('second').slice(0, 8)]).toEqual([-1.5, 2, 0.5, 3, 100, 0.25, 7, 7]);
  });

  it('reads the JSON form of NAS-Bench-Macro, lists as numbered columns', () => {
    // With a byte order mark, as some editors write it.
    const table = readTable('nas-bench-macro', `\ufeff${macroJson}`, 't.json');
    expect(table.columns).toEqual(['test_acc_1', 'test_acc_2', 'test_acc_3', 'mean_acc']);
    expect(table.column('test_acc_3')[table.rowOf('02012100')]).toBeCloseTo(89.17, 2);
  });
});

describe('tables of NAS-Bench-101', () => {
  /** All graphs of at most three vertices. */
  const space = nasBench101(3);
  const decisions = space.decisions ?? { sizes: [], fromChoices: () => undefined };
  const graphs = [0, 1].flatMap((a) =>
    [0, 1].flatMap((b) =>
      [0, 1].flatMap((c) => [0, 1, 2].flatMap((op) => decisions.fromChoices([a, b, c, op]) ?? [])),
    ),
  );
  const lines = [...new Map(graphs.map((graph) => [nasBench101Key(graph), graph])).entries()].map(
    ([key, { matrix }], i) => `${key},"${JSON.stringify(matrix)}",${i}`,
  );
  const csv = (rows: readonly string[]): string => ['hash,matrix,valid', ...rows].join('\n');

  it('hold every graph of as many vertices as the largest', () => {
    const table = readTable('nas-bench-101', csv(lines), 't.csv');
    expect([table.size, table.space.name]).toEqual([7, 'nas-bench-101-3']);
    expect(table.column('valid')[table.rowOf(graphs.at(-1) as Json)]).toBeGreaterThanOrEqual(0);
  });

  it('are refused without one of them, or with a matrix that is none', () => {
    expect(() => readTable('nas-bench-101', csv(lines.slice(1)), 't.csv')).toThrow(
      /6 architectures.*all 7 architectures of nas-bench-101-3.*first of them \{"matrix"/,
    );
    expect(() => readTable('nas-bench-101', csv([...lines, `${'0'.repeat(32)},oops,1`]), 't.csv')).toThrow(
      /table\.matrix: "oops".*line 9/,
    );
  });
});

describe('NAS-Bench-101 keys', () => {
  // Published hashes of graphs of four and five vertices.
  it.each([
    [
      '001a6fcc8b38cbc515be788a86bdc804',
      [
        [0, 1, 1, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
      ],
      [2, 2],
    ],
    [
      'eb7e2ac6e1c5b3218d8ea1e9f8cc1b33',
      [
        [0, 1, 0, 1, 1],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 1, 1],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0],
      ],
      [2, 1, 1],
    ],
  ])('are those of the benchmark: %s', (hash, matrix, labels) => {
    const operations = labels.map((i) => (['conv3x3', 'conv1x1', 'maxpool3x3'] as const)[i] ?? 'conv3x3');
    expect(nasBench101Key(nasBench101(5).validate({ matrix, operations }))).toBe(hash);
  });
});
