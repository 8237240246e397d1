import { describe, expect, it } from 'vitest';
import type { CellEdge } from '../../../nas/space/cell-genotype.ts';
import { NAS_BENCH_101_OPERATIONS } from '../../../nas/space/nas-bench-101.ts';
import { publishedCell } from '../../../nas/space/published-cells.ts';
import { PUBLISHED_NASNET, PUBLISHED_PNAS } from '../../../nas/space/published-nasnet.ts';
import { nasnet, type NasnetGenotype, type NasnetOperation } from '../../../nas/space/nasnet.ts';
import { countMultiplyAdds, countParameters } from '../../../nas/training/layers/counting.ts';
import { describeClassifier } from '../../../nas/training/networks/network.ts';
import { networkOf } from '../../../nas/training/networks/registry.ts';

const cifar = { image: [32, 32, 3], classes: 10, auxiliary: false } as const;

/** DARTS' names of NASNet's operations. */
const RENAMED: Partial<Record<CellEdge[0], NasnetOperation>> = {
  skip_connect: 'identity',
  conv_7x1_1x7: 'conv_1x7_7x1',
};
const blocks = (edges: readonly CellEdge[]): NasnetGenotype['normal'] =>
  Array.from({ length: edges.length / 2 }, (_, b) => {
    const [[f, first], [g, second]] = edges.slice(2 * b, 2 * b + 2) as [CellEdge, CellEdge];
    const named = (operation: CellEdge[0]) => RENAMED[operation] ?? (operation as NasnetOperation);
    return [first, second, named(f), named(g), 'add'];
  });

describe('published networks', () => {
  // Counts of the DARTS authors’ implementation for the cells as they re-expressed them, C = 36, 20 cells.
  it.each([
    ['NASNet', 3_830_950, 603_452_448],
    ['AmoebaNet', 3_145_078, 488_931_552],
  ] as const)('%s in the NASNet space', (name, parameters, multiplyAdds) => {
    const { normal, reduce } = publishedCell(name);
    const genotype = nasnet.print({ normal: blocks(normal), reduce: blocks(reduce) });
    const description = describeClassifier(networkOf({ name: 'nasnet' }, genotype), {
      ...cifar,
      size: { channels: 36, layers: 20, stem: 'cifar' },
    });
    expect(countParameters(description)).toBe(parameters);
    expect(countMultiplyAdds(description)).toBe(multiplyAdds);
  });

  // 6@768 in Table 1 of Zoph et al. 2018: 3.3 M; N = 6, F = 32.
  it('NASNet-A', () => {
    const description = describeClassifier(
      networkOf({ name: 'nasnet' }, PUBLISHED_NASNET['NASNET_A'] as string),
      { ...cifar, size: { channels: 32, layers: 20, stem: 'cifar' } },
    );
    expect(description.declarations.find(({ name }) => name === 'classifier.weight')?.shape).toEqual([
      768, 10,
    ]);
    expect(countParameters(description)).toBe(3_328_234);
  });

  // 3.2 M in Table 2 of Liu et al. 2018: N = 3, F = 48.
  it('PNASNet-5', () => {
    const description = describeClassifier(
      networkOf({ name: 'pnas' }, PUBLISHED_PNAS['PNASNET_5'] as string),
      { ...cifar, size: { channels: 48, layers: 9, stem: 'cifar' } },
    );
    expect(countParameters(description)).toBe(3_176_602);
  });

  // Their papers' mobile settings on ImageNet, in millions: 4@1056, that is F = 44; N = 3, F = 54.
  it.each([
    ['NASNet-A', 'nasnet', PUBLISHED_NASNET['NASNET_A'], { channels: 44, layers: 14 }, 5.3, 1056],
    ['PNASNet-5', 'pnas', PUBLISHED_PNAS['PNASNET_5'], { channels: 54, layers: 9 }, 5.1, 1080],
  ] as const)('%s behind the ImageNet stem', (_, name, genotype, size, millions, features) => {
    const description = describeClassifier(networkOf({ name }, genotype as string), {
      image: [224, 224, 3],
      classes: 1000,
      auxiliary: false,
      size: { ...size, stem: 'imagenet' },
    });
    const classifier = description.declarations.find(
      ({ name: variable }) => variable === 'classifier.weight',
    );
    expect(classifier?.shape).toEqual([features, 1000]);
    expect(Math.round(countParameters(description) / 1e5) / 10).toBe(millions);
  });

  it('refuses an ImageNet stem whose cells would have a single channel', () => {
    const build = networkOf({ name: 'nasnet' }, PUBLISHED_NASNET['NASNET_A'] as string);
    const describeAt = (channels: number) => () =>
      describeClassifier(build, {
        image: [64, 64, 3],
        classes: 10,
        auxiliary: false,
        size: { channels, layers: 5, stem: 'imagenet' },
      });
    expect(describeAt(8)).not.toThrow();
    expect(describeAt(6)).toThrow(/channels 6: allowed with the ImageNet stem: 8 and more/);
  });

  // The authors' generator of networks (64 to 512 filters, all kernels 3 × 3).
  it('FractalNet of 20 layers', () => {
    const genotype = JSON.stringify({ blocks: 5, columns: 3, filters: 64, join: 'mean' });
    const description = describeClassifier(networkOf({ name: 'fractal-net' }, genotype), {
      ...cifar,
      size: { channels: 16, layers: 1, stem: 'cifar' },
    });
    const filters = [64, 128, 256, 512, 512];
    const convolutions = filters.reduce(
      (sum, width, b) => sum + 9 * (3 * (filters[b - 1] ?? 3) * width + 4 * width * width),
      0,
    );
    const norms = 7 * filters.reduce((sum, width) => sum + 2 * width, 0);
    expect(countParameters(description)).toBe(convolutions + norms + 513 * 10);
  });

  // Table 3 of Larsson et al. 2017: networks of five blocks with 16 to 128 filters on CIFAR-100, in millions.
  it.each([
    [1, 5, 0.3],
    [2, 10, 0.8],
    [3, 20, 2.1],
    [4, 40, 4.8],
    [5, 80, 10.2],
  ])('FractalNet of %i columns and %i layers in its paper’s study of depth', (columns, _, millions) => {
    const genotype = JSON.stringify({ blocks: 5, columns, filters: 16, join: 'mean' });
    const description = describeClassifier(networkOf({ name: 'fractal-net' }, genotype), {
      ...cifar,
      classes: 100,
      size: { channels: 16, layers: 1, stem: 'cifar' },
    });
    expect(Math.round(countParameters(description) / 1e5) / 10).toBe(millions);
  });

  // Rows of the benchmark's table.
  it.each([
    ['00000000', 387_882, 7_713_280],
    ['10000000', 396_298, 12_128_768],
    ['00100000', 419_050, 12_018_176],
    ['22222222', 2_932_586, 105_660_928],
  ])('NAS-Bench-Macro %s', (genotype, parameters, multiplyAdds) => {
    const description = describeClassifier(networkOf({ name: 'nas-bench-macro' }, genotype), {
      ...cifar,
      size: { channels: 32, layers: 8, stem: 'cifar' },
    });
    expect(countParameters(description)).toBe(parameters);
    expect(countMultiplyAdds(description)).toBe(multiplyAdds);
  });

  // Rows of the benchmark's tables: the matrix row by row, operations by their number there.
  it.each([
    ['01101 00110 00011 00001 00000', [2, 1, 0], 4_342_154],
    ['01111 00001 00010 00001 00000', [2, 1, 2], 2_453_898],
    ['01011 00110 00010 00001 00000', [1, 0, 2], 12_962_698],
    ['01000 00101 00011 00001 00000', [0, 0, 2], 2_378_295],
    ['0110 0010 0001 0000', [2, 2], 1_756_298],
  ])('NAS-Bench-101 %s %j', (matrix, operations, parameters) => {
    const genotype = {
      matrix: matrix.split(' ').map((row) => [...row].map(Number)),
      operations: operations.map((operation) => NAS_BENCH_101_OPERATIONS[operation]),
    };
    const description = describeClassifier(
      networkOf({ name: 'nas-bench-101', maxVertices: 7 }, JSON.stringify(genotype)),
      { ...cifar, size: { channels: 128, layers: 9, stem: 'cifar' } },
    );
    expect(countParameters(description)).toBe(parameters);
  });
});
