import type { Cut, Cuts, TrainedPart } from '../../core/cut.ts';
import { deriveSeed, randomFromSeed } from '../../core/random.ts';
import { remembered } from '../../core/remembered.ts';
import { rowsOf } from './columns.ts';
import { evaluationPass, trainingPass, type TextPass } from './pass.ts';
import type { TextRecipe } from './recipe.ts';
import { longestWindow, rateScale, windowBeside } from './windows.ts';

/** The test text is one column, so that every token but the first is predicted. */
const TEST_COLUMNS = 1;

/** The purpose of the minibatches that weights are trained on: those of architecture weights follow them. */
const TRAINING = 'data';

/** A part of a text as windows over so many columns. */
export interface ColumnPass extends TextPass {
  readonly part: 'train' | 'validation' | 'test';
  readonly columns: number;
  /** Tokens of a column in the longest window. */
  readonly longest: number;
  /** Whether the state before a window is zero. */
  begins(index: number): boolean;
  /** What the learning rate of a window's step is multiplied with. */
  rateScale?(epoch: number, index: number): number;
}

/** How a program passes over the parts of a text; the names are those of `Cuts`. */
interface TextPasses {
  training(part: TrainedPart, purpose: string): ColumnPass;
  drawn(purpose: string): ColumnPass;
  inOrder(part: 'validation' | 'test'): ColumnPass;
}

/**
 * An epoch over the training text is one pass, whose windows have random lengths; its state is zero in the
 * beginning. Beside it, architecture weights have windows of `bptt` tokens of the validation text, each where
 * the training window stands (quark0/darts at f276dd34, rnn/train_search.py:177-191). Windows that score cells
 * with shared weights are whole ones in random order, each from a zero state, as google-research's enas_lm
 * does before every validation batch (src/child.py, `eval_valid`): the score of a cell does not depend on
 * which was scored before it.
 *
 * @throws RangeError for `train+validation`: a text and its validation text are not joined.
 */
export const textPasses = (
  tokens: Readonly<Record<'train' | 'validation' | 'test', number>>,
  { batchSize, evaluationBatchSize, bptt, lengths }: TextRecipe,
  seed: number,
): TextPasses => {
  const rule = { kind: lengths, bptt };
  const isFirst = (index: number): boolean => index === 0;
  const rows = { train: rowsOf(tokens.train, batchSize), validation: rowsOf(tokens.validation, batchSize) };
  const trained = (purpose: string): ColumnPass => {
    const pass = trainingPass(rows.train, rule, deriveSeed(seed, purpose));
    return {
      ...pass,
      part: 'train',
      columns: batchSize,
      longest: longestWindow(rule),
      begins: isFirst,
      rateScale: (epoch, index) => rateScale(pass.window(epoch, index), rule),
    };
  };
  const beside = ({ steps, window }: ColumnPass): ColumnPass => ({
    part: 'validation',
    columns: batchSize,
    longest: bptt,
    begins: isFirst,
    steps,
    window: (epoch, index) => windowBeside(window(epoch, index).start, rows.validation, bptt),
  });
  const inOrder = (part: 'validation' | 'test', columns: number): ColumnPass => ({
    part,
    columns,
    longest: bptt,
    begins: isFirst,
    ...evaluationPass(rowsOf(tokens[part], columns), bptt),
  });
  const drawn = (purpose: string): ColumnPass => {
    const length = Math.min(bptt, rows.validation - 1);
    const count = Math.floor((rows.validation - 1) / length);
    const orderOf = remembered((epoch: number) =>
      randomFromSeed(deriveSeed(seed, purpose, epoch)).shuffle(Array.from({ length: count }, (_, i) => i)),
    );
    return {
      part: 'validation',
      columns: batchSize,
      longest: bptt,
      begins: () => true,
      steps: () => count,
      window: (epoch, index) => ({
        start: length * (orderOf(epoch)[index] as number),
        length,
        proposed: length,
      }),
    };
  };
  return {
    training: (part, purpose) => {
      if (part === 'train+validation') throw new RangeError('a text and its validation text are not joined');
      return part === 'train' ? trained(purpose) : beside(trained(TRAINING));
    },
    drawn,
    inOrder: (part) => inOrder(part, part === 'test' ? TEST_COLUMNS : evaluationBatchSize),
  };
};

/** Examples are predicted tokens. */
const cutOf = ({ steps, window, columns }: ColumnPass): Cut => ({
  steps,
  size: (epoch, index) => columns * window(epoch, index).length,
});

/** How passes are cut into minibatches. */
export const cutsOf = (passes: TextPasses): Cuts => ({
  training: (part, purpose) => cutOf(passes.training(part, purpose)),
  drawn: (purpose) => cutOf(passes.drawn(purpose)),
  inOrder: (part) => cutOf(passes.inOrder(part)),
});

/** How a text is cut for a program. */
export const textCuts = (...asked: Parameters<typeof textPasses>): Cuts => cutsOf(textPasses(...asked));
