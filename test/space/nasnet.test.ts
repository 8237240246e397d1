import { describe, expect, it } from 'vitest';
import { nasnet, nasnetOutputs, type NasnetGenotype } from '../../nas/space/nasnet.ts';
import { PUBLISHED_NASNET } from '../../nas/space/published-nasnet.ts';

const { normal, reduce } = nasnet.parse(PUBLISHED_NASNET['NASNET_A'] as string);
const plain: NasnetGenotype = { normal, reduce };

describe('outputs of a NASNet cell', () => {
  it('are what no block reads, inputs included', () => {
    expect(nasnetOutputs(plain, 'normal')).toEqual([2, 3, 4, 5, 6]);
    expect(nasnetOutputs(plain, 'reduce')).toEqual([4, 5, 6]);
    const chain = normal.map((_, b) => [1, b + 1, 'identity', 'sep_conv_3x3', 'add'] as const);
    expect(nasnetOutputs({ normal: chain, reduce }, 'normal')).toEqual([0, 6]);
  });

  it('may be listed with more states, which makes another cell', () => {
    const listed = { ...plain, reduceConcat: [3, 4, 5, 6] };
    expect(nasnetOutputs(listed, 'reduce')).toEqual([3, 4, 5, 6]);
    expect(nasnet.parse(nasnet.print(listed))).toEqual(listed);
    expect(nasnet.hash({ ...plain, normalConcat: [0, 2, 3, 4, 5, 6] })).not.toBe(nasnet.hash(plain));
    expect(nasnet.hash(listed)).not.toBe(nasnet.hash(plain));
    expect(nasnet.hash({ ...plain, reduceConcat: [4, 5, 6] })).toBe(nasnet.hash(plain));
  });

  it.each([
    ['leave out a state that no block reads', [3, 4, 5]],
    ['are out of order', [4, 6, 5]],
    ['repeat a state', [4, 4, 5, 6]],
    ['name a state that there is not', [4, 5, 6, 7]],
  ])('are refused where they %s', (_, reduceConcat) => {
    expect(() => nasnet.validate({ ...plain, reduceConcat })).toThrow(
      /genotype\.reduceConcat.*0 to 6 in ascending order, those that no block reads \(4, 5, 6\) among them/,
    );
  });
});
