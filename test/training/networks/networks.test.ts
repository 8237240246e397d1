import { describe, expect, it } from 'vitest';
import { publishedCell } from '../../../nas/space/published-cells.ts';
import { countMultiplyAdds, countParameters, parameterNames } from '../../../nas/training/layers/counting.ts';
import {
  describeFinalNetwork,
  finalNetworkVariables,
  type FinalNetworkSpec,
} from '../../../nas/training/networks/darts-final.ts';
import { InvalidArchitectureError } from '../../../nas/training/program.ts';
import { dartsSupernet } from '../../../nas/training/supernets/darts-supernet.ts';
import { describePath, describeSupernet } from '../../../nas/training/supernets/supernet.ts';

const final = (change: Partial<FinalNetworkSpec> = {}): FinalNetworkSpec => ({
  genotype: publishedCell('DARTS_V2'),
  size: { channels: 8, layers: 5, stem: 'cifar' },
  image: [28, 28, 1],
  classes: 10,
  auxiliary: true,
  ...change,
});

const supernet = dartsSupernet({
  size: { channels: 8, layers: 4, stem: 'cifar' },
  image: [28, 28, 1],
  classes: 10,
});

describe('final network', () => {
  it('declares parameters once, with values of their shapes', () => {
    const { declarations } = describeFinalNetwork(final());
    const values = finalNetworkVariables(final(), 1);
    expect(Object.keys(values)).toHaveLength(declarations.length);
    for (const { name, shape } of declarations)
      expect(values[name]?.data.length).toBe(shape.reduce((size, n) => size * n, 1));
  });

  it('starts from the seed alone', () => {
    const [a, b, c] = [1, 1, 2].map((seed) => finalNetworkVariables(final(), seed)['stem.0.weight']?.data);
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  it('counts multiply-adds without the auxiliary head and parameters with it', () => {
    const [whole, plain] = [true, false].map((auxiliary) => describeFinalNetwork(final({ auxiliary })));
    if (whole === undefined || plain === undefined) throw new Error('unreachable');
    expect(countMultiplyAdds(whole)).toBe(countMultiplyAdds(plain));
    expect(countParameters(whole)).toBeGreaterThan(countParameters(plain));
  });

  it.each([
    [
      'an odd number of channels',
      { size: { channels: 7, layers: 5, stem: 'cifar' as const } },
      /channels 7.*even/,
    ],
    ['an image that cannot be halved twice', { image: [30, 30, 1] as const }, /even at every reduction/],
    [
      'an image too small for the auxiliary head',
      { image: [16, 16, 3] as const },
      /at least 6×6.*auxiliaryWeight 0/,
    ],
  ])('refuses %s', (_, change, message) => {
    expect(() => describeFinalNetwork(final(change))).toThrow(InvalidArchitectureError);
    expect(() => describeFinalNetwork(final(change))).toThrow(message);
  });
});

describe('supernet', () => {
  it('holds every path, and a path of `none` costs only the skeleton', () => {
    const whole = describeSupernet(supernet);
    const names = new Set(parameterNames(whole).weights);
    const path = Int32Array.from({ length: 28 }, (_, i) => i % 8);
    const one = describePath(supernet, path);
    expect(parameterNames(one).weights.every((name) => names.has(name))).toBe(true);
    expect(countMultiplyAdds(one)).toBeLessThan(countMultiplyAdds(whole));
    const empty = describePath(supernet, new Int32Array(28));
    expect(countMultiplyAdds(empty)).toBeLessThan(countMultiplyAdds(one));
    expect(parameterNames(empty).weights.some((name) => name.includes('._ops.'))).toBe(false);
  });

  it('refuses a path entry outside the primitives', () => {
    expect(() => describePath(supernet, new Int32Array(28).fill(8))).toThrow(/path entry 8: allowed: 0 to 7/);
  });
});
