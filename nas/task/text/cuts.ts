import type { Cut, Cuts, TrainedPart } from '../../core/cut.ts';
import { deriveSeed } from '../../core/random.ts';
import { rowsOf } from './columns.ts';
import { evaluationPass, trainingPass, type TextPass } from './pass.ts';
import type { TextRecipe } from './recipe.ts';

/** The test text is one column, so that every token but the first is predicted. */
const TEST_COLUMNS = 1;

/** Examples are predicted tokens. */
const cutOf = ({ steps, window }: TextPass, batch: number): Cut => ({
  steps,
  size: (epoch, index) => batch * window(epoch, index).length,
});

/**
 * How a text is cut: an epoch passes over its columns in windows, whose lengths are random in training. Tokens
 * of the validation text are its own, so that nothing is trained on both parts.
 *
 * @throws RangeError for `train+validation`.
 */
export const textCuts = (
  tokens: Readonly<Record<'train' | 'validation' | 'test', number>>,
  { batchSize, evaluationBatchSize, bptt, lengths }: TextRecipe,
  seed: number,
): Cuts => {
  const training = (part: TrainedPart, purpose: string): Cut => {
    if (part === 'train+validation') throw new RangeError('a text and its validation text are not joined');
    const rows = rowsOf(tokens[part], batchSize);
    return cutOf(trainingPass(rows, { kind: lengths, bptt }, deriveSeed(seed, purpose)), batchSize);
  };
  const inOrder = (part: 'validation' | 'test', batch: number): Cut =>
    cutOf(evaluationPass(rowsOf(tokens[part], batch), bptt), batch);
  return {
    training,
    drawn: () => inOrder('validation', batchSize),
    inOrder: (part) => inOrder(part, part === 'test' ? TEST_COLUMNS : evaluationBatchSize),
  };
};
