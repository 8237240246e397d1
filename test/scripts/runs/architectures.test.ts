import { describe, expect, test } from 'vitest';
import { describeArchitecture, printArchitecture } from '../../../scripts/runs/describe-architecture.ts';
import { drawArchitecture } from '../../../scripts/runs/draw-architecture.ts';
import type { SpaceChoice } from '../../../nas/space/registry.ts';
import { spaceOf } from '../../../nas/space/spaces.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { architectureOptions } from '../../../scripts/runs/architecture-options.ts';
import { manifestOfShape } from '../../support/manifest-of-shape.ts';
import { findArchitecture } from '../../../scripts/runs/find-architecture.ts';
import { printCellGenotype } from '../../../nas/space/cell-genotype.ts';
import { publishedCell } from '../../../nas/space/published-cells.ts';

describe('genotype show', () => {
  // Counted on the published PyTorch networks: C = 36, 20 cells, CIFAR-10, without auxiliary head.
  test.each([
    ['NASNet', 3_830_950, 603_452_448],
    ['AmoebaNet', 3_145_078, 488_931_552],
    ['DARTS_V1', 3_169_414, 500_987_520],
    ['DARTS_V2', 3_349_342, 528_359_040],
  ])('%s has its published size', async (name, parameters, multiplyAdds) => {
    const described = describeArchitecture(await findArchitecture(name), { channels: 36, layers: 20 });
    expect(described.network).toMatchObject({ parameters, multiplyAdds });
    expect(described.genotype).toBe(printCellGenotype(publishedCell(name)));
  });
  // quark0/darts, README: 22.960M; ENAS at the 748 units of scripts/ptb_final.sh:18, decoder without bias.
  test.each([
    ['DARTS_V1', 'darts-rnn', 22_960_000],
    ['DARTS_V2', 'darts-rnn', 22_960_000],
    ['ENAS', 'darts-rnn', 27_295_000],
    ['ENAS_RNN', 'enas-rnn', 10_000 * 748 + 13 * 2 * 748 ** 2],
  ])('%s of %s has its published size on the Penn Treebank', async (name, space, parameters) => {
    const described = describeArchitecture(await findArchitecture(name, space), {});
    expect(described).toMatchObject({ space, network: { parameters } });
    const shown = printArchitecture(described);
    expect(shown).toContain('on ptb (10000 types, bigram 201.0)');
    const drawn = await drawArchitecture(await findArchitecture(name, space), 'cell.svg');
    expect(Object.keys(drawn)).toEqual(['cell-cell.svg']);
    expect(drawn['cell-cell.svg']).toContain('tanh');
  });
  test('a name is refused in a space that has no cell of it', async () => {
    await expect(findArchitecture('DARTS_V2', 'enas-rnn')).rejects.toThrow(
      /^--space: "enas-rnn".*Allowed: darts-cnn, darts-rnn/,
    );
  });
  test('the architecture of a run is counted on the images of its data set', async () => {
    const found = await findArchitecture('DARTS_V2');
    const size = { channels: 8, layers: 3 };
    const grey = describeArchitecture({ ...found, data: manifestOfShape('grey', [28, 28, 1], 7) }, size);
    const usual = describeArchitecture(found, size);
    expect(printArchitecture(grey)).toContain('8 channels and 3 layers, on grey (28×28×1, 7 classes): ');
    expect(grey.network.parameters).toBeLessThan(usual.network.parameters);
    expect(grey.network.multiplyAdds).toBeLessThan(usual.network.multiplyAdds);
  });
  test('a printed genotype is found, tallied and printed', async () => {
    const text = printCellGenotype(publishedCell('DARTS_V2'));
    const described = describeArchitecture(await findArchitecture(`  ${text}\n`), {
      channels: 16,
      layers: 8,
    });
    expect(described.operations.reduce).toEqual({ max_pool_3x3: 5, skip_connect: 3 });
    expect(described.hash).toBe(
      describeArchitecture(await findArchitecture('DARTS_V2'), { channels: 16, layers: 8 }).hash,
    );
    expect(printArchitecture(described)).toContain('max_pool_3x3  0       5');
  });
  test('bad input says what is allowed', async () => {
    const wrong = await findArchitecture(
      "Genotype(normal=[('sep_conv_9x9', 0), ('none', 1)], normal_concat=range(2, 3), reduce=[('none', 0), ('none', 1)], reduce_concat=range(2, 3))",
    );
    expect(() => describeArchitecture(wrong, {})).toThrow(/normal\[0\].*sep_conv_9x9/);
    await expect(findArchitecture('{}', 'nas-rk')).rejects.toThrow(/--space.*nas-rk.*nas-rl/s);
    const cell = await findArchitecture('DARTS_V1');
    expect(() => describeArchitecture(cell, { channels: 35, layers: 20 })).toThrow(
      /--set network.*even numbers/,
    );
  });
});

test('genotype draw gives one plain SVG a cell', async () => {
  const drawn = await drawArchitecture(await findArchitecture('AmoebaNet'), 'pictures/amoeba.svg');
  expect(Object.keys(drawn)).toEqual(['pictures/amoeba-normal.svg', 'pictures/amoeba-reduce.svg']);
  for (const svg of Object.values(drawn)) expect(svg).not.toContain('var(');
  const count = (svg: string | undefined, label: string): number =>
    svg?.split(`>${label}</text>`).length ?? 0;
  expect(count(drawn['pictures/amoeba-reduce.svg'], 'sep_conv_7x7') - 1).toBe(2);
  expect(count(drawn['pictures/amoeba-reduce.svg'], 'conv_7x1_1x7') - 1).toBe(1);
});

test('architectures of other spaces are shown and drawn alike', async () => {
  const graph = '{"matrix":[[0,1,1],[0,0,1],[0,0,0]],"operations":["conv3x3"]}';
  const found = await findArchitecture(graph, 'nas-bench-101');
  const described = describeArchitecture(found, { channels: 128 });
  expect(described).toMatchObject({ space: 'nas-bench-101', operations: { cell: { conv3x3: 1 } } });
  expect(described.network).toMatchObject({ channels: 128, layers: 9 });
  expect(printArchitecture(described)).toContain('conv3x3    1');
  expect(Object.keys(await drawArchitecture(found, 'x.svg'))).toEqual(['x-cell.svg']);
  const enas = describeArchitecture(await findArchitecture('ENAS_MICRO'), {});
  expect(enas.space).toBe('enas-micro');
  expect(Object.keys(enas.operations)).toEqual(['normal', 'reduce']);
});

describe('what a text means', () => {
  test('a macro architecture tells its depth itself, published or printed', async () => {
    const published = describeArchitecture(await findArchitecture('ENAS_MACRO'), {});
    expect(published).toMatchObject({ space: 'enas-macro', options: { depth: 24 } });
    expect(printArchitecture(published)).toContain('ENAS_MACRO, space enas-macro, depth 24, hash ');
    const again = describeArchitecture(await findArchitecture(published.genotype, 'enas-macro'), {});
    expect(again.hash).toBe(published.hash);
    const small = await findArchitecture('1 1 1 1 0 1', 'enas-macro');
    expect(small.space).toEqual({ name: 'enas-macro', depth: 3 });
    expect(Object.keys(await drawArchitecture(small, 'x.svg'))).toEqual(['x-network.svg']);
  });
  test.each<[string, SpaceChoice, string]>([
    ['nas-rl', { name: 'nas-rl', depth: 9 }, 'space nas-rl, depth 9, hash'],
    [
      'smash',
      { name: 'smash', depth: 9, width: 3, maxWidth: 12, maxKernel: 5, maxGroups: 4 },
      'width 3, maxWidth 12',
    ],
    ['smash', { name: 'smash', depth: 2, width: 2, maxWidth: 8, maxKernel: 7, maxGroups: 8 }, 'space smash'],
    [
      'eas',
      { name: 'eas', start: '{"blocks":[[[16,3]],[[32,3]]],"dense":[64]}' },
      'space eas, start {"blocks"',
    ],
  ])('a printed architecture of %s tells the options that it needs: %j', async (name, space, text) => {
    const random = randomFromSeed(3);
    for (let i = 0; i < 5; i++) {
      const { genotype, hash } = spaceOf(space).sample(random);
      const again = describeArchitecture(await findArchitecture(genotype, name), {});
      expect(again).toMatchObject({ hash, genotype });
      expect(printArchitecture(again)).toContain(text);
    }
  });
  test('options of a space are set, and wrong ones named', async () => {
    const { space } = await findArchitecture('[]', 'nas-rl', architectureOptions(['space.depth=15']).space);
    expect(space).toEqual({ name: 'nas-rl', depth: 15 });
    expect(() => architectureOptions(['depth=15'])).toThrow(/--set.*space\.OPTION=VALUE/);
    await expect(findArchitecture('[]', 'nas-rl', { width: 15 })).rejects.toThrow(
      /the options of nas-rl.*width/,
    );
  });
  test('sizes of the network are set by the fields of its task, and wrong ones named', async () => {
    const found = await findArchitecture('DARTS_V2');
    const { network } = architectureOptions(['network.layers=8', 'network.stem=imagenet']);
    expect(describeArchitecture(found, network).network).toMatchObject({ layers: 8, stem: 'imagenet' });
    expect(() => describeArchitecture(found, { units: 8 })).toThrow(/--set network.*darts-cnn.*units/);
    expect(() => describeArchitecture(found, { layers: 0 })).toThrow(/--set network\.layers/);
  });
  test('a text with Genotype( is never the name of a run, nor is any text of more than a word', async () => {
    const text = `04/05 12:00:00 genotype = ${printCellGenotype(publishedCell('DARTS_V2'))}`;
    expect(describeArchitecture(await findArchitecture(text), {}).genotype).toBe(
      printCellGenotype(publishedCell('DARTS_V2')),
    );
    const wrong = await findArchitecture('genotype = Genotype(nothing');
    expect(() => describeArchitecture(wrong, {})).toThrow('genotype');
    await expect(findArchitecture('0 2 0 0 0 4')).rejects.toThrow('name its space with --space');
  });
});
