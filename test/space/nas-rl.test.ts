import { describe, expect, it } from 'vitest';
import { randomFromSeed } from '../../nas/core/random.ts';
import {
  nasRl,
  nasRlGrowing,
  nasRlLooseEnds,
  nasRlSources,
  type NasRlGenotype,
  type NasRlLayer,
} from '../../nas/space/nas-rl.ts';

const conv = (filters: number, ...skips: number[]): NasRlLayer => ({
  type: 'conv',
  height: 3,
  width: 5,
  filters,
  stride: 1,
  skips,
});
const pool = (filters: number, ...skips: number[]): NasRlLayer => ({
  ...conv(filters, ...skips),
  type: 'max_pool',
});

describe('the space of NAS-RL', () => {
  it('lets every layer read every earlier one, the image where it reads none, and the classifier what nothing reads', () => {
    const genotype = [conv(24), pool(24, 1), conv(36, 0, 0), conv(48, 1, 1, 0)];
    expect(nasRlSources(genotype)).toEqual([[], [0], [], [0, 1]]);
    expect(nasRlLooseEnds(genotype)).toEqual([2, 3]);
    expect(nasRl(4).validate(genotype)).toEqual(genotype);
  });

  it('has an anchor point a layer with a bit for each earlier layer', () => {
    const { decisions } = nasRl(4);
    expect(decisions?.anchors).toEqual([
      [5, 0],
      [10, 1],
      [16, 2],
      [23, 3],
    ]);
    expect(decisions?.labels.slice(23)).toEqual([0, 1, 2].map((j) => `layer 3/skip from ${j}`));
    expect(decisions?.sizes).toHaveLength(26);
    // 2 types, 4 heights, 4 widths, 4 numbers of filters, 3 strides a layer, and 3 pairs of layers.
    expect(nasRl(3).describe().size).toBe(384 ** 3 * 2 ** 3);
  });

  it.each([
    [[conv(24, 0), conv(24, 1)], /0\.skips: \[0\].*0 bits, one for each earlier layer/],
    [[conv(24), conv(24)], /1\.skips: \[\].*1 bits/],
    [[conv(24), conv(24, 2)], /1\.skips\.0/],
    [[conv(24)], /length: 1.*2 layers/],
  ])('refuses %j', (genotype, message) => {
    expect(() => nasRl(2).validate(genotype)).toThrow(message);
  });

  it('hashes equal networks equally, whatever the order of their layers, and others differently', () => {
    const space = nasRl(4);
    const hashes = (...genotypes: NasRlGenotype[]): number => new Set(genotypes.map(space.hash)).size;
    // Two branches from the image, one of two layers, joined by the last layer.
    const ordered = [conv(24), conv(36, 1), conv(48, 0, 0), conv(64, 0, 1, 1)];
    const interleaved = [conv(24), conv(48, 0), conv(36, 1, 0), conv(64, 0, 1, 1)];
    const reversed = [conv(48), conv(24, 0), conv(36, 0, 1), conv(64, 1, 0, 1)];
    expect(hashes(ordered, interleaved, reversed)).toBe(1);
    expect(hashes(ordered, [conv(24), conv(36, 1), conv(48, 0, 0), conv(64, 1, 1, 1)])).toBe(2);
    expect(hashes(ordered, [conv(36), conv(24, 1), conv(48, 0, 0), conv(64, 0, 1, 1)])).toBe(2);
    // A pooling layer has no filters of its own.
    expect(
      hashes([conv(24), pool(24, 1), ...ordered.slice(2)], [conv(24), pool(64, 1), ...ordered.slice(2)]),
    ).toBe(1);
  });

  it('grows by two layers that go on from its last one', () => {
    const space = nasRlGrowing([2, 4]);
    const genotype = [conv(24), pool(36, 0)];
    const grown = space.neighbours(genotype).filter(({ length }) => length === 4);
    expect(grown).toEqual([[...genotype, conv(24, 0, 1), pool(36, 0, 0, 1)]]);
    expect(space.neighbours(grown[0] as NasRlGenotype)).toContainEqual(genotype);
    const random = randomFromSeed(3);
    expect(space.mutate(genotype, random)).not.toEqual(genotype);
  });
});
