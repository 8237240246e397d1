import { remembered } from '../../core/remembered.ts';
import { proposedLengths, windowsOf, type LengthRule, type Window } from './windows.ts';

/** The minibatches of a pass over columns by their position alone; estimates and feeds count by the same. */
export interface TextPass {
  steps(epoch: number): number;
  /** Throws `RangeError` beyond the pass. */
  window(epoch: number, index: number): Window;
}

const passOf = (windowsIn: (epoch: number) => readonly Window[]): TextPass => ({
  steps: (epoch) => windowsIn(epoch).length,
  window: (epoch, index) => {
    const windows = windowsIn(epoch);
    const window = windows[index];
    if (window === undefined) throw new RangeError(`window ${index} of ${windows.length}`);
    return window;
  },
});

/** Training: every epoch has lengths of its own. */
export const trainingPass = (rows: number, rule: LengthRule, seed: number): TextPass => {
  let cached: { readonly epoch: number; readonly windows: readonly Window[] } | undefined;
  const windowsIn = (epoch: number): readonly Window[] => {
    if (cached?.epoch !== epoch)
      cached = { epoch, windows: windowsOf(rows, 'train', proposedLengths(rule, seed, epoch)) };
    return cached.windows;
  };
  const { window } = passOf(windowsIn);
  // Whoever counts steps asks for those of all epochs before.
  return { window, steps: remembered((epoch: number) => windowsIn(epoch).length) };
};

/** Evaluation: windows of `bptt` tokens. */
export const evaluationPass = (rows: number, bptt: number): TextPass => {
  const windows = windowsOf(rows, 'evaluate', () => bptt);
  return passOf(() => windows);
};
