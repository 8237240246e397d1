import { proposedLength, windowsOf, type LengthRule, type Window } from './windows.ts';

/** The minibatches of a pass over columns by their position alone; estimates and feeds count by the same. */
export interface TextPass {
  steps(epoch: number): number;
  /** Tokens that an epoch predicts. */
  examples(epoch: number): number;
  /** Throws `RangeError` beyond the pass. */
  window(epoch: number, index: number): Window;
}

interface Extent {
  readonly rows: number;
  /** Columns. */
  readonly batch: number;
}

const passOf = ({ batch }: Extent, windowsIn: (epoch: number) => readonly Window[]): TextPass => ({
  steps: (epoch) => windowsIn(epoch).length,
  examples: (epoch) => batch * windowsIn(epoch).reduce((sum, { length }) => sum + length, 0),
  window: (epoch, index) => {
    const windows = windowsIn(epoch);
    const window = windows[index];
    if (window === undefined) throw new RangeError(`window ${index} of ${windows.length}`);
    return window;
  },
});

/** Training: every epoch has lengths of its own. */
export const trainingPass = (extent: Extent, rule: LengthRule, seed: number): TextPass => {
  let cached: { readonly epoch: number; readonly windows: readonly Window[] } | undefined;
  return passOf(extent, (epoch) => {
    if (cached?.epoch !== epoch)
      cached = {
        epoch,
        windows: windowsOf(extent.rows, 'train', (index) => proposedLength(rule, seed, epoch, index)),
      };
    return cached.windows;
  });
};

/** Evaluation: windows of `bptt` tokens. */
export const evaluationPass = (extent: Extent, bptt: number): TextPass => {
  const windows = windowsOf(extent.rows, 'evaluate', () => bptt);
  return passOf(extent, () => windows);
};
