import { describe, expect, it } from 'vitest';
import { chosenSpace } from '../../nas/space/space-schema.ts';
import { enasMacro, parseEnasMacro, printEnasMacro } from '../../nas/space/enas-macro.ts';
import {
  enasMicro,
  looseEnds,
  microToCells,
  parseEnasMicro,
  printEnasMicro,
} from '../../nas/space/enas-micro.ts';
import { publishedIn } from '../../nas/space/published.ts';

const MACRO = publishedIn('enas-macro')['ENAS_MACRO'] as string;
const MICRO = publishedIn('enas-micro')['ENAS_MICRO'] as string;

describe('enas-macro', () => {
  it('reads and prints the published network of 24 layers', () => {
    const genotype = parseEnasMacro(MACRO);
    expect(genotype).toHaveLength(24);
    expect(genotype[3]).toEqual([2, 0, 0, 1]);
    expect(printEnasMacro(genotype)).toBe(MACRO);
    expect(chosenSpace({ name: 'enas-macro', depth: 24 }).parse(MACRO)).toEqual(genotype);
  });

  it.each([
    ['0 3 0 0', /4 integers.*L \(L \+ 1\) \/ 2/],
    ['6 3 0 0 1 0', /genotype\.0\.0: 6.*0 conv_3x3, .*5 max_pool_3x3/],
    ['0 3 2 0 1 0', /genotype\.1\.1: 2.*0 \(no skip connection\) or 1/],
    ['0 3 0 0 x 0', /write the architecture as integers \(x is none\)/],
    ['0 3 0', /2 layers.*Allowed: 3 layers/],
  ])('refuses %s', (text, message) => {
    expect(() => enasMacro(3).parse(text)).toThrow(message);
  });

  it('marks the bits of skip connections', () => {
    const { anchors, labels } = enasMacro(3).decisions ?? {};
    expect(anchors).toEqual([
      [1, 0],
      [2, 1],
      [4, 2],
    ]);
    expect(labels?.slice(3)).toEqual([
      'layer 2/operation',
      'layer 2/skip from state 0',
      'layer 2/skip from state 1',
    ]);
  });
});

describe('enas-micro', () => {
  it('reads and prints the published cells', () => {
    const genotype = parseEnasMicro(MICRO);
    expect(printEnasMicro(genotype)).toBe(MICRO);
    expect(looseEnds(genotype.normal)).toEqual([2, 3, 4, 5, 6]);
    expect(looseEnds(genotype.reduce)).toEqual([2, 4, 5, 6]);
    expect(microToCells(genotype).reduce.slice(0, 2)).toEqual([
      ['sep_conv_3x3', 1],
      ['sep_conv_3x3', 1],
    ]);
  });

  it('gives cells one hash that differ in the order of edges or of nodes alone', () => {
    const genotype = parseEnasMicro(MICRO);
    const swapped = { ...genotype, normal: [0, 0, 0, 2, ...genotype.normal.slice(4)] };
    // The first two nodes of the normal cell read inputs only, and nothing reads them.
    const reordered = {
      ...genotype,
      normal: [...genotype.normal.slice(4, 8), ...genotype.normal.slice(0, 4), ...genotype.normal.slice(8)],
    };
    const other = { ...genotype, normal: [0, 3, ...genotype.normal.slice(2)] };
    expect(enasMicro.hash(swapped)).toBe(enasMicro.hash(genotype));
    expect(enasMicro.hash(reordered)).toBe(enasMicro.hash(genotype));
    expect(enasMicro.hash(other)).not.toBe(enasMicro.hash(genotype));
  });

  it.each([
    [MICRO.replace(/^0 2/, '2 2'), /genotype\.normal\.0: 2.*inputs 0 to 1 for node 0/],
    [MICRO.replace(/^0 2/, '0 5'), /genotype\.normal\.1: 5.*4 skip_connect/],
    [`${MICRO} 0`, /41 integers/],
  ])('refuses %s', (text, message) => {
    expect(() => enasMicro.parse(text)).toThrow(message);
  });
});
