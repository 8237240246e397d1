import { describe, expect, it } from 'vitest';
import { compareStrategies } from '../../nas/benchmark/comparison.ts';
import { readTable } from '../../nas/benchmark/formats.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import { dartsCnn } from '../../nas/space/darts-cnn.ts';
import { CELLS, curves, curvesJson, genotypes, nested } from './curve-cells.ts';

const table = readTable('darts-cnn', curvesJson, 'curves.json');

describe('a table of learning curves', () => {
  it('has a row for each cell and a curve for each column', () => {
    expect([table.size, table.columns, table.curves, table.listed]).toEqual([CELLS, ['acc'], ['acc'], true]);
    genotypes.forEach((genotype, row) => expect(table.rowOf(genotype)).toBe(row));
    expect(table.column('acc')[7]).toBe(57);
    const score = table.score('acc');
    expect([score(7, 1), score(7, 0.25), score(7, 1 / 64), score(7, 0.001)]).toEqual([
      57,
      57 / 4,
      57 / 64,
      57 / 64,
    ]);
  });

  it.each([
    ['no JSON', 'a,b\n1,2'],
    ['no curves', JSON.stringify({ genotypes: nested })],
    ['curves of different lengths', JSON.stringify({ genotypes: nested, acc: [...curves.slice(1), [1, 2]] })],
    ['a cell of another space', JSON.stringify({ genotypes: ['|a~0|'], acc: [[1, 2]] })],
    [
      'a cell twice',
      JSON.stringify({ genotypes: [nested[0], ...nested.slice(1, -1), nested[0]], acc: curves }),
    ],
  ])('refuses %s', (_, broken) => {
    expect(() => readTable('darts-cnn', broken, 'broken.json')).toThrow(/table|architectures/);
  });
});

describe('the listed part of a space', () => {
  const { space } = table;
  const listed = new Set(genotypes.map((genotype) => dartsCnn.hash(genotype)));

  it('is closed under every operation', () => {
    const stream = randomFromSeed(5);
    for (let i = 0; i < 50; i++) {
      const [a, b] = [space.sample(stream), space.sample(stream)];
      const mutated = space.mutate(a, stream);
      expect(space.hash(mutated)).not.toBe(space.hash(a));
      for (const genotype of [a, mutated, space.crossover(a, b, stream), ...space.neighbours(b)])
        expect(listed.has(space.hash(genotype))).toBe(true);
    }
  });

  it('takes choices for the listed cell that they differ least from', () => {
    for (const genotype of genotypes.slice(0, 5)) {
      const choices = space.decisions?.toChoices(genotype as never) as number[];
      const moved = choices.map((choice, i) => (i === 1 ? (choice + 1) % 8 : choice));
      expect(space.decisions?.fromChoices(moved)).toEqual(genotype);
    }
  });

  it('refuses what is not listed', () => {
    const other = dartsCnn.sample(randomFromSeed(99));
    expect(() => space.validate(other, 'cell')).toThrow(/cell: .*one of the 40/);
  });
});

describe('searches of several fidelities', () => {
  it('spend a budget of full trainings, and find the best where curves do not cross', () => {
    const { strategies } = compareStrategies(table, {
      ...{ search: 'acc', final: 'acc', strategies: ['random', 'asha', 'hyperband', 'bohb'] },
      ...{ evaluations: 4, runs: 6, seed: 0, parallelism: 1 },
    });
    const found = Object.fromEntries(strategies.map(({ name, final }) => [name, final.mean]));
    for (const name of ['asha', 'hyperband', 'bohb'])
      expect(found[name], name).toBeGreaterThan(found['random'] as number);
    for (const { evaluations } of strategies) expect(evaluations).toBe(4);
  });

  it('need a curve', () => {
    const finals = readTable('darts-cnn', JSON.stringify({ genotypes: nested, acc: curves }), 'f').score(
      'acc',
    );
    expect(finals(0, 0.5)).toBe(25);
    expect(() => table.score('accuracy', 'search')).toThrow(/search: "accuracy"/);
  });
});
