import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { blocksAt } from '../../../nas/space/pnas.ts';
import type { PnasGenotype } from '../../../nas/space/pnas.ts';
import { SPACES } from '../../../nas/space/registry.ts';
import { elements } from '../../../nas/search/trials/controller-math.ts';
import { fitLstmEnsemble, lstmOptions } from '../../../nas/search/trials/pnas-lstm.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';
import { sequenceLayout } from '../../../nas/search/trials/sequence-regression.ts';
import type { SequenceShape } from '../../../nas/search/trials/sequence-regression.ts';
import { createSequenceRegression } from '../../../nas/training/controllers/sequence-regression.ts';
import { plain, strategyContract } from '../contract.ts';

const regression = createSequenceRegression(loadTensorFlow({ threads: 1 }).tf);

const withLstm = {
  ...plain(STRATEGIES.pnas),
  options: {
    ...plain(STRATEGIES.pnas).options,
    predictor: 'lstm',
    lstm: { hidden: 4, embedding: 3, epochs: 3 },
  },
};
strategyContract([SPACES.pnas], [withLstm], { sequences: regression });

const shape: SequenceShape = {
  embedding: 2,
  hidden: 3,
  kinds: { a: 3, b: 2 },
  period: ['a', 'b'],
};
const size = sequenceLayout(shape).reduce((sum, { shape: of }) => sum + elements(of), 0);
const random = randomFromSeed(3);
const parameters = Float32Array.from({ length: size }, () => 0.8 * random.normal());
const sequences = [
  [0, 1, 2, 0],
  [1, 0, 1, 1],
  [2, 1, 0, 0],
];

describe('regression by an LSTM', () => {
  it('predicts every sequence by itself, however many there are', () => {
    const alone = sequences.map((sequence) => regression.predict(shape, parameters, [sequence])[0] as number);
    const many = Array.from({ length: 200 }, () => sequences).flat();
    regression.predict(shape, parameters, many).forEach((value, i) => {
      expect(value).toBeCloseTo(alone[i % 3] as number, 6);
    });
    for (const value of alone) expect(Math.abs(value - 0.5)).toBeLessThan(0.5);
    expect(new Set(alone).size).toBe(3);
  });

  it('descends the mean absolute error along its differences', () => {
    const targets = [0.9, 0.1, 0.4];
    const error = (at: Float32Array): number =>
      regression
        .predict(shape, at, sequences)
        .reduce((sum, value, i) => sum + Math.abs(value - (targets[i] as number)) / 3, 0);
    const moved = regression.fit(shape, parameters, sequences, targets, { epochs: 1, learningRate: 1e-3 });
    for (let i = 0; i < size; i += 2) {
      const at = (by: number) => error(parameters.map((x, j) => (i === j ? x + by : x)));
      const slope = (at(1e-2) - at(-1e-2)) / 2e-2;
      // Adam's first step has the size of its rate, against the sign of the slope.
      if (Math.abs(slope) > 5e-3)
        expect((moved[i] as number) - (parameters[i] as number), `parameter ${i}`).toBeCloseTo(
          -1e-3 * Math.sign(slope),
          4,
        );
    }
    const fitted = regression.fit(shape, parameters, sequences, targets, { epochs: 200, learningRate: 0.02 });
    expect(error(fitted)).toBeLessThan(0.1 * error(parameters));
  });
});

describe('PNAS with an LSTM', () => {
  it('has the sizes and rates of the paper', () => {
    expect(STRATEGIES.pnas.options(1160).parse({ predictor: 'lstm' })).toMatchObject({
      predictor: 'lstm',
      ensemble: 5,
      lstm: { hidden: 100, embedding: 100, learningRate: 0.01, furtherLearningRate: 0.002 },
    });
  });

  it('ranks cells of two blocks by what it learnt of one', () => {
    /** Each separable convolution is worth something, wherever it stands. */
    const quality = (genotype: PnasGenotype): number =>
      genotype.reduce(
        (sum, [, , f, g]) => sum + [f, g].filter((o) => o.startsWith('sep_conv')).length / genotype.length,
        0,
      );
    const cells = blocksAt(0).map((block) => {
      const genotype: PnasGenotype = [block];
      return { genotype, score: 0.7 + 0.1 * quality(genotype) };
    });
    const lstm = lstmOptions.parse({ hidden: 12, embedding: 8, epochs: 80 });
    const predict = fitLstmEnsemble(regression, cells, { ensemble: 2, share: 0.8, lstm }, randomFromSeed(1));
    const second = randomFromSeed(2).sample(blocksAt(1), 40);
    const larger = second.map((block, i): PnasGenotype => [blocksAt(0)[3 * i] ?? block, block]);
    const values = predict(larger);
    let [right, pairs] = [0, 0];
    larger.forEach((a, i) =>
      larger.slice(i + 1).forEach((b, j) => {
        const wanted = quality(a) - quality(b);
        if (Math.abs(wanted) < 0.6) return;
        pairs += 1;
        right += Number(wanted * ((values[i] as number) - (values[i + 1 + j] as number)) > 0);
      }),
    );
    expect(pairs).toBeGreaterThan(100);
    expect(right / pairs).toBeGreaterThan(0.75);
  });
});
