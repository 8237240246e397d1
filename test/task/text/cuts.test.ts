import { describe, expect, it } from 'vitest';
import { examplesOf } from '../../../nas/core/cut.ts';
import { textCuts } from '../../../nas/task/text/cuts.ts';
import { recipeSchema } from '../../../nas/task/text/recipe.ts';

describe('the cuts of a text', () => {
  const recipe = recipeSchema.parse({ batchSize: 4, evaluationBatchSize: 10, bptt: 35, lengths: 'normal' });
  const cuts = textCuts({ train: 3603, validation: 73_760, test: 82_430 }, recipe, 7);

  it('count the tokens that training predicts: all rows but the first, and at most one more', () => {
    expect([4 * 898, 4 * 899]).toContain(examplesOf(cuts.training('train', 'training'), 3));
  });

  it('are alike for equal purposes alone', () => {
    const sizes = (purpose: string) => {
      const cut = cuts.training('train', purpose);
      return Array.from({ length: cut.steps(0) }, (_, index) => cut.size(0, index));
    };
    expect(sizes('weights')).toEqual(sizes('weights'));
    expect(sizes('weights')).not.toEqual(sizes('others'));
  });

  it('evaluate the Penn Treebank in ten columns of validation text and in one of test text', () => {
    expect(examplesOf(cuts.inOrder('validation'), 0)).toBe(73_750);
    expect(examplesOf(cuts.inOrder('test'), 0)).toBe(82_429);
  });

  it('never join the two texts', () => {
    expect(() => cuts.training('train+validation', 'final')).toThrow(RangeError);
  });
});
