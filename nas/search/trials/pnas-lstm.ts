import { z } from 'zod';
import type { Random } from '../../core/random.ts';
import { PNAS_BLOCKS, PNAS_OPERATIONS } from '../../space/pnas.ts';
import type { PnasGenotype } from '../../space/pnas.ts';
import { elements } from './controller-math.ts';
import { FIRST_LOGIT, lessonsOf, shareOf } from './pnas-predictor.ts';
import type { ScoredCell } from './pnas-predictor.ts';
import { sequenceLayout } from './sequence-regression.ts';
import type { SequenceRegression, SequenceShape } from './sequence-regression.ts';

const count = z.number().int().min(1);

/** Of the LSTM predictor; sizes and learning rates are those of the paper. */
export const lstmOptions = z
  .strictObject({
    hidden: count.describe('Units of the hidden layer.').default(100),
    embedding: count.describe('Size of the embedding of an operation.').default(100),
    epochs: count
      .describe('Steps of Adam to a size of cells, each over all that are known of this size.')
      .default(50),
    learningRate: z
      .number()
      .positive()
      .describe('Of cells of one block, and of those of every further size.')
      .default(0.01),
    furtherLearningRate: z
      .number()
      .positive()
      .describe('Step size of the later fits, after the first.')
      .default(0.002),
  })
  .prefault({});
type LstmOptions = z.infer<typeof lstmOptions>;

const shapeOf = ({ hidden, embedding }: LstmOptions): SequenceShape => ({
  hidden,
  embedding,
  kinds: { state: PNAS_BLOCKS + 1, operation: PNAS_OPERATIONS.length },
  period: ['state', 'state', 'operation', 'operation'],
});

/** Both states, then both operations of every block. */
const tokensOf = (genotype: PnasGenotype): readonly number[] =>
  genotype.flatMap(([first, second, f, g]) => [
    first,
    second,
    PNAS_OPERATIONS.indexOf(f),
    PNAS_OPERATIONS.indexOf(g),
  ]);

/**
 * Uniform in ±0.1; the weights of the LSTM and of the output in ±1/√hidden. Forget gates begin with a bias of
 * one, the second quarter.
 */
const initialParameters = (shape: SequenceShape, random: Random): Float32Array =>
  Float32Array.from(
    sequenceLayout(shape).flatMap(({ name, shape: dimensions }) => {
      const size = elements(dimensions);
      const range = name in shape.kinds ? 0.1 : 1 / Math.sqrt(shape.hidden);
      return Array.from({ length: size }, (_, i) => {
        if (name === 'output/bias') return FIRST_LOGIT;
        if (name === 'lstm/bias') return Number(Math.floor((4 * i) / size) === 1);
        return (2 * random.uniform() - 1) * range;
      });
    }),
  );

/**
 * An ensemble of LSTM predictors (Liu et al. 2018, §3.4 and §A.1): the mean absolute error of accuracies,
 * Adam at 0.01 for cells of one block, at 0.002 for those of every further size in turn, each predictor on
 * its own `share` of each size. Returns the mean of their predictions for cells of one size.
 */
export const fitLstmEnsemble = (
  regression: SequenceRegression,
  cells: readonly ScoredCell[],
  {
    ensemble,
    share,
    lstm,
  }: { readonly ensemble: number; readonly share: number; readonly lstm: LstmOptions },
  random: Random,
): ((genotypes: readonly PnasGenotype[]) => readonly number[]) => {
  const shape = shapeOf(lstm);
  const lessons = lessonsOf(cells);
  const members = Array.from({ length: ensemble }, () =>
    lessons.reduce(
      (parameters, lesson, i) => {
        const chosen = shareOf(lesson, share, random);
        return regression.fit(
          shape,
          parameters,
          chosen.map((at) => tokensOf(lesson.genotypes[at] as PnasGenotype)),
          chosen.map((at) => lesson.targets[at] as number),
          { epochs: lstm.epochs, learningRate: i === 0 ? lstm.learningRate : lstm.furtherLearningRate },
        );
      },
      initialParameters(shape, random),
    ),
  );
  return (genotypes) => {
    const sequences = genotypes.map(tokensOf);
    const predictions = members.map((parameters) => regression.predict(shape, parameters, sequences));
    return genotypes.map((_, i) =>
      predictions.reduce((sum, predicted) => sum + (predicted[i] as number) / ensemble, 0),
    );
  };
};
