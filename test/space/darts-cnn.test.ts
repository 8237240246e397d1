import { describe, expect, it } from 'vitest';
import { randomFromSeed } from '../../nas/core/random.ts';
import { hashCellGenotype } from '../../nas/space/canonical-cell.ts';
import { parseCellGenotype, printCellGenotype } from '../../nas/space/cell-genotype.ts';
import type { CellEdge, CellGenotype } from '../../nas/space/cell-genotype.ts';
import { NODE_OFFSETS, dartsCnn, encodePath } from '../../nas/space/darts-cnn.ts';
import { PUBLISHED_CELLS, publishedCell } from '../../nas/space/published-cells.ts';

const DARTS_V2 =
  "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), " +
  "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=range(2, 6), " +
  "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), " +
  "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=range(2, 6))";

const withNormal = (normal: readonly CellEdge[]): CellGenotype => ({
  ...publishedCell('DARTS_V2'),
  normal,
});

describe('the published form', () => {
  it.each(PUBLISHED_CELLS)('round-trips %s', (name) => {
    const cell = publishedCell(name);
    expect(parseCellGenotype(printCellGenotype(cell))).toEqual(cell);
  });

  it('prints DARTS_V2 as published', () => {
    expect(printCellGenotype(publishedCell('DARTS_V2'))).toBe(DARTS_V2);
  });

  it('prints a concatenation with gaps as a list', () => {
    expect(printCellGenotype(publishedCell('AmoebaNet'))).toContain('reduce_concat=[3, 4, 6])');
  });

  it('reads lists, line breaks, double quotes, trailing commas and one bracket per node', () => {
    const nested = DARTS_V2.replaceAll("'", '"')
      .replaceAll('range(2, 6)', '[2, 3, 4, 5]')
      .replace(/\(("[a-z0-9_]+", \d)\), \(("[a-z0-9_]+", \d)\)/g, '[\n($1), ($2),]')
      .replace(/\)$/, ',\n)');
    expect(parseCellGenotype(nested)).toEqual(publishedCell('DARTS_V2'));
  });

  it.each([
    ['sep_conv_3x3', 'sep_conv_9x9', /genotype\.normal\[0\]: "sep_conv_9x9".*max_pool_3x3/],
    ["('dil_conv_3x3', 2)", "('dil_conv_3x3', 5)", /genotype\.normal\[7\].*inputs 0 to 4 for node 3/],
    ["('sep_conv_3x3', 0), ", '', /genotype\.normal.*even number/],
    ['range(2, 6), reduce', 'range(2, 7), reduce', /genotype\.normal_concat.*0 to 5/],
    ['Genotype', 'Cell', /there is no Genotype/],
    ['normal=', 'usual=', /genotype/],
  ])('names the fault when %s becomes %s', (from, to, message) => {
    expect(() => parseCellGenotype(DARTS_V2.replace(from, to))).toThrow(message);
  });
});

describe('membership of the searched space', () => {
  it('holds for the cells DARTS found and not for cells with other nodes or operations', () => {
    expect(dartsCnn.validate(publishedCell('DARTS_V1'))).toEqual(publishedCell('DARTS_V1'));
    expect(() => dartsCnn.validate(publishedCell('NASNet'))).toThrow(/genotype\.normal: "10 edges"/);
    const repeated = withNormal([
      ['sep_conv_3x3', 0],
      ['skip_connect', 0],
      ...publishedCell('DARTS_V2').normal.slice(2),
    ]);
    expect(() => dartsCnn.validate(repeated)).toThrow(/normal\[1\].*other than/);
  });
});

describe('sampling', () => {
  it('draws every operation and every pair of inputs at its uniform rate (Li & Talwalkar 2019)', () => {
    const random = randomFromSeed(3);
    const n = 4000;
    const operations = new Map<string, number>();
    const lastInputs = new Map<string, number>();
    for (let i = 0; i < n; i++) {
      const { normal, reduce } = dartsCnn.sample(random);
      for (const [operation] of [...normal, ...reduce])
        operations.set(operation, (operations.get(operation) ?? 0) + 1);
      const pair = [normal[6]?.[1] ?? 0, normal[7]?.[1] ?? 0].sort().join();
      lastInputs.set(pair, (lastInputs.get(pair) ?? 0) + 1);
    }
    expect(operations.size).toBe(8);
    for (const count of operations.values()) expect(Math.abs(count / (16 * n) - 1 / 8)).toBeLessThan(0.006);
    expect(lastInputs.size).toBe(10);
    for (const count of lastInputs.values()) expect(Math.abs(count / n - 1 / 10)).toBeLessThan(0.025);
  });
});

describe('the gated path', () => {
  it('holds the operation of each chosen edge at its row and 0 elsewhere', () => {
    const path = encodePath(publishedCell('DARTS_V2'));
    expect([...path.slice(0, 14)]).toEqual([4, 4, 4, 4, 0, 3, 4, 0, 0, 3, 0, 6, 0, 0]);
    expect([...path.slice(14)]).toEqual([1, 1, 0, 1, 3, 1, 0, 3, 0, 0, 1, 3, 0, 0]);
    expect(NODE_OFFSETS).toEqual([0, 2, 5, 9]);
  });
});

describe('the canonical hash', () => {
  const base: readonly CellEdge[] = [
    ['sep_conv_3x3', 0],
    ['skip_connect', 1],
    ['max_pool_3x3', 0],
    ['dil_conv_5x5', 1],
    ['sep_conv_5x5', 2],
    ['avg_pool_3x3', 3],
    ['skip_connect', 0],
    ['sep_conv_3x3', 4],
  ];
  const hash = (normal: readonly CellEdge[]) => hashCellGenotype(withNormal(normal));

  it('ignores the order of independent nodes and of the edges of a node', () => {
    const swapped: readonly CellEdge[] = [
      ['dil_conv_5x5', 1],
      ['max_pool_3x3', 0],
      ['skip_connect', 1],
      ['sep_conv_3x3', 0],
      ['avg_pool_3x3', 2],
      ['sep_conv_5x5', 3],
      ['sep_conv_3x3', 4],
      ['skip_connect', 0],
    ];
    expect(hash(swapped)).toBe(hash(base));
  });

  it('ignores where a `none` edge comes from, and nothing else of it', () => {
    const none = (input: number): readonly CellEdge[] => [
      ...base.slice(0, 6),
      ['none', input],
      ['sep_conv_3x3', 4],
    ];
    expect(hash(none(0))).toBe(hash(none(3)));
    expect(hash(none(0))).not.toBe(hash(base));
  });

  it('tells a shared node from two equal nodes', () => {
    const start: readonly CellEdge[] = [
      ['sep_conv_3x3', 0],
      ['sep_conv_3x3', 1],
      ['sep_conv_3x3', 0],
      ['sep_conv_3x3', 1],
      ['skip_connect', 2],
      ['max_pool_3x3', 0],
    ];
    const shared = hash([...start, ['skip_connect', 2], ['max_pool_3x3', 1]]);
    const separate = hash([...start, ['skip_connect', 3], ['max_pool_3x3', 1]]);
    expect(shared).not.toBe(separate);
  });

  it('changes with every neighbour that changes the graph', () => {
    const genotype = withNormal(base);
    const changed = dartsCnn.neighbours(genotype).filter((n) => dartsCnn.hash(n) !== dartsCnn.hash(genotype));
    expect(changed).toHaveLength(dartsCnn.neighbours(genotype).length);
  });

  it('drops nodes that reach no output', () => {
    const nas = publishedCell('NASNet');
    expect(hashCellGenotype(nas)).toMatch(/^[0-9a-f]{64}$/);
    const dead: CellGenotype = {
      ...nas,
      normal: [
        ['sep_conv_3x3', 0],
        ['skip_connect', 1],
        ['avg_pool_3x3', 0],
        ['sep_conv_5x5', 1],
      ],
      normalConcat: [3],
    };
    const without: CellGenotype = {
      ...dead,
      normal: [
        ['max_pool_3x3', 0],
        ['max_pool_3x3', 1],
        ['sep_conv_5x5', 1],
        ['avg_pool_3x3', 0],
      ],
    };
    expect(hashCellGenotype(dead)).toBe(hashCellGenotype(without));
  });
});
