import { z } from 'zod';
import type { Random } from '../../core/random.ts';
import { pnas as space } from '../../space/pnas.ts';
import type { PnasBlock, PnasGenotype } from '../../space/pnas.ts';
import { teachPerceptron } from './perceptron.ts';
import { FIRST_LOGIT, lessonsOf, shareOf } from './pnas-predictor.ts';
import type { ScoredCell } from './pnas-predictor.ts';

const count = z.number().int().min(1);

/** Of the MLP predictor; units and learning rates are those of the paper. */
export const mlpOptions = z
  .strictObject({
    hidden: count.describe('Units of the hidden layer.').default(100),
    epochs: count.describe('Passes over the cells of each size.').default(50),
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
type MlpOptions = z.infer<typeof mlpOptions>;

/**
 * Predictions of one perceptron. Features are means over blocks, so the hidden layer's sums are too: a
 * block's part is computed once, and a cell that begins as the one before it costs one addition more than its
 * last block.
 */
const predictAll = (
  weights: Float64Array,
  hidden: number,
  genotypes: readonly PnasGenotype[],
): Float64Array => {
  const outputs = weights.length - 1 - hidden;
  const biases = outputs - hidden;
  const parts = new Map<PnasBlock, Float64Array>();
  const partOf = (block: PnasBlock): Float64Array => {
    const known = parts.get(block);
    if (known !== undefined) return known;
    const part = new Float64Array(hidden);
    space.encode([block]).forEach((value, i) => {
      if (value !== 0)
        for (let h = 0; h < hidden; h++)
          part[h] = (part[h] as number) + value * (weights[i * hidden + h] as number);
    });
    parts.set(block, part);
    return part;
  };
  /** Row b: the sum over the blocks before b of the cell at hand. */
  const sums: Float64Array[] = [new Float64Array(hidden)];
  let before: PnasGenotype = [];
  return Float64Array.from(genotypes, (genotype) => {
    let same = 0;
    while (same < genotype.length && genotype[same] === before[same]) same++;
    for (let b = same; b < genotype.length; b++) {
      const part = partOf(genotype[b] as PnasBlock);
      const sum = (sums[b + 1] ??= new Float64Array(hidden));
      const base = sums[b] as Float64Array;
      for (let h = 0; h < hidden; h++) sum[h] = (base[h] as number) + (part[h] as number);
    }
    before = genotype;
    const sum = sums[genotype.length] as Float64Array;
    let output = weights[weights.length - 1] as number;
    for (let h = 0; h < hidden; h++) {
      const value = (weights[biases + h] as number) + (sum[h] as number) / genotype.length;
      if (value > 0) output += value * (weights[outputs + h] as number);
    }
    return 1 / (1 + Math.exp(-output));
  });
};

/**
 * An ensemble of MLP predictors (Liu et al. 2018, §3.4): the mean absolute error of accuracies, Adam at 0.01
 * for cells of one block, at 0.002 for those of every further size in turn, each predictor on its own `share`
 * of each size. Returns the mean of their predictions for cells of one size.
 */
export const fitMlpEnsemble = (
  cells: readonly ScoredCell[],
  { ensemble, share, mlp }: { readonly ensemble: number; readonly share: number; readonly mlp: MlpOptions },
  random: Random,
): ((genotypes: readonly PnasGenotype[]) => readonly number[]) => {
  const lessons = lessonsOf(cells).map(({ genotypes, targets }, i) => ({
    genotypes,
    points: genotypes.map((genotype) => space.encode(genotype)),
    targets,
    learningRate: i === 0 ? mlp.learningRate : mlp.furtherLearningRate,
  }));
  const members = Array.from(
    { length: ensemble },
    () =>
      teachPerceptron(
        lessons.map((lesson) => {
          const chosen = shareOf(lesson, share, random);
          return {
            points: chosen.map((i) => lesson.points[i] as readonly number[]),
            targets: chosen.map((i) => lesson.targets[i] as number),
            learningRate: lesson.learningRate,
          };
        }),
        { ...mlp, weightDecay: 0, output: { kind: 'sigmoid', first: FIRST_LOGIT } },
        random,
      ).weights,
  );
  return (genotypes) => {
    const predictions = members.map((weights) => predictAll(weights, mlp.hidden, genotypes));
    return genotypes.map((_, i) =>
      predictions.reduce((sum, predicted) => sum + (predicted[i] as number) / ensemble, 0),
    );
  };
};
