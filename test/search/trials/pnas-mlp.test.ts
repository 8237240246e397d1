import { describe, expect, it } from 'vitest';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { blocksAt, pnas as space } from '../../../nas/space/pnas.ts';
import type { PnasGenotype } from '../../../nas/space/pnas.ts';
import { teachPerceptron } from '../../../nas/search/trials/perceptron.ts';
import { fitMlpEnsemble, mlpOptions } from '../../../nas/search/trials/pnas-mlp.ts';
import { lessonsOf, shareOf } from '../../../nas/search/trials/pnas-predictor.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';

/** Separable convolutions are good, pooling bad, and later states better. */
const quality = (genotype: PnasGenotype): number =>
  genotype.reduce((sum, [first, second, f, g]) => {
    const of = (operation: string): number =>
      Number(operation.startsWith('sep')) - Number(operation.includes('pool'));
    return sum + of(f) + of(g) + 0.2 * (first + second);
  }, 0) / genotype.length;
const accuracy = (genotype: PnasGenotype): number => 0.86 + 0.02 * Math.tanh(quality(genotype));
const single = blocksAt(0).map((block): PnasGenotype => [block]);
const larger = single
  .slice(0, 12)
  .flatMap((cell) => blocksAt(1).map((block): PnasGenotype => [...cell, block]));
const random = randomFromSeed(5);
const cells = [...single, ...random.sample(larger, 60)].map((genotype) => ({
  genotype,
  score: accuracy(genotype),
}));
const settings = { ensemble: 2, share: 0.8, mlp: mlpOptions.parse({}) };

describe('PNAS with MLPs', () => {
  it('has the units and learning rates of the paper', () => {
    expect(STRATEGIES.pnas.options(1160).parse({})).toMatchObject({
      initial: 136,
      beam: 256,
      ensemble: 5,
      predictor: 'mlp',
      mlp: { hidden: 100, learningRate: 0.01, furtherLearningRate: 0.002 },
    });
  });

  it('predicts every cell as the plain network does, whatever came before it', () => {
    const alone = { ...settings, ensemble: 1 };
    const predict = fitMlpEnsemble(cells, alone, randomFromSeed(7));
    const again = randomFromSeed(7);
    const { predict: plain } = teachPerceptron(
      lessonsOf(cells).map((lesson, i) => {
        const chosen = shareOf(lesson, 0.8, again);
        return {
          points: chosen.map((at) => space.encode(lesson.genotypes[at] as PnasGenotype)),
          targets: chosen.map((at) => lesson.targets[at] as number),
          learningRate: i === 0 ? 0.01 : 0.002,
        };
      }),
      { hidden: 100, epochs: 50, weightDecay: 0, output: { kind: 'sigmoid', first: 1.8 } },
      again,
    );
    const mixed = random.shuffle(larger).slice(0, 200);
    const expected = mixed.map((genotype) => 1 / (1 + Math.exp(-plain(space.encode(genotype)))));
    predict(mixed).forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 12));
    const sorted = [...mixed.keys()].sort((a, b) => String(mixed[a]).localeCompare(String(mixed[b])));
    predict(sorted.map((i) => mixed[i] as PnasGenotype)).forEach((value, at) =>
      expect(value).toBeCloseTo(expected[sorted[at] as number] as number, 12),
    );
  });

  it('puts good cells of the next size first', () => {
    const known = cells.filter(({ genotype }) => genotype.length === 1);
    const values = fitMlpEnsemble(known, settings, randomFromSeed(9))(larger);
    const order = [...larger.keys()].sort((a, b) => (values[b] as number) - (values[a] as number));
    const mean = (indices: readonly number[]): number =>
      indices.reduce((sum, i) => sum + quality(larger[i] as PnasGenotype), 0) / indices.length;
    expect(mean(order.slice(0, larger.length / 10))).toBeGreaterThan(mean(order) + 0.7);
    expect(mean(order.slice(-larger.length / 10))).toBeLessThan(mean(order) - 0.7);
  });

  it('learns by least absolute error: the median of equal cells, not their mean', () => {
    const [cell] = single as [PnasGenotype];
    const scored = [0.2, 0.2, 0.2, 0.9].map((score) => ({ genotype: cell, score }));
    const [value] = fitMlpEnsemble(scored, { ...settings, share: 1 }, randomFromSeed(3))([cell]);
    expect(value).toBeCloseTo(0.2, 1);
  });

  it('takes a failed network for the worst', () => {
    const lessons = lessonsOf([
      { genotype: single[0] as PnasGenotype, score: 0.8 },
      { genotype: single[1] as PnasGenotype, score: null },
      { genotype: larger[0] as PnasGenotype, score: 0.7 },
    ]);
    expect(lessons.map(({ targets }) => targets)).toEqual([[0.8, 0.7], [0.7]]);
  });
});
