import { deriveSeed, randomFromSeed } from '../../core/random.ts';
import type { Span } from './columns.ts';

/**
 * How long the windows of truncated back-propagation are.
 *
 * - `fixed`: always `bptt`; evaluation, and the training of ENAS.
 * - `halved`: `bptt`, and half of it with probability 0.05; the searches of DARTS and of random weight
 *   sharing (quark0/darts, rnn/train_search.py).
 * - `normal`: normally distributed around these two with deviation 5, at least 5 and at most `bptt` + 20; the
 *   training of DARTS' cells (rnn/train.py) and of AWD-LSTM, which has no upper bound.
 */
export interface LengthRule {
  readonly kind: 'fixed' | 'halved' | 'normal';
  readonly bptt: number;
}

const HALVING = 0.05;
const DEVIATION = 5;
const LEAST = 5;
const DELTA = 20;

/** The lengths that the windows of an epoch are to have, one after the other, from the seed alone. */
export const proposedLengths = ({ kind, bptt }: LengthRule, seed: number, epoch: number): (() => number) => {
  if (kind === 'fixed') return () => bptt;
  const random = randomFromSeed(deriveSeed(seed, 'windows', epoch));
  return () => {
    const base = random.uniform() < 1 - HALVING ? bptt : bptt / 2;
    if (kind === 'halved') return Math.max(1, Math.trunc(base));
    return Math.min(bptt + DELTA, Math.max(LEAST, Math.trunc(base + DEVIATION * random.normal())));
  };
};

/** The longest window that a rule makes. */
export const longestWindow = ({ kind, bptt }: LengthRule): number =>
  kind === 'normal' ? Math.max(LEAST, bptt + DELTA) : bptt;

/** A window of a pass. */
export interface Window extends Span {
  /** How long it was to be; the last one of a pass may be shorter. */
  readonly proposed: number;
}

/**
 * The windows of a pass over columns of `rows` rows, one after the other. Each begins where the last one was
 * to end, and the last is cut to the rows that have a target. A training pass ends when at most one row is
 * left to predict, as the reference's does; an evaluation predicts every row.
 */
export const windowsOf = (
  rows: number,
  mode: 'train' | 'evaluate',
  nextLength: () => number,
): readonly Window[] => {
  const end = mode === 'train' ? rows - 2 : rows - 1;
  const windows: Window[] = [];
  for (let start = 0; start < end;) {
    const proposed = nextLength();
    windows.push({ start, length: Math.min(proposed, rows - 1 - start), proposed });
    start += proposed;
  }
  return windows;
};

/**
 * The window for architecture weights beside the training window that begins at `start`: as long as `bptt`,
 * on columns of other data, from the start of which it goes on again at their end (rnn/train_search.py).
 */
export const windowBeside = (start: number, rows: number, bptt: number): Window => {
  const wrapped = start % (rows - 1);
  return { start: wrapped, length: Math.min(bptt, rows - 1 - wrapped), proposed: bptt };
};

/**
 * What the learning rate of a step is multiplied with: its window's proposed length in shares of `bptt`, so
 * that a short window moves the weights no further than its tokens' share (rnn/train.py).
 */
export const rateScale = (
  { proposed }: Pick<Window, 'proposed'>,
  { bptt }: Pick<LengthRule, 'bptt'>,
): number => proposed / bptt;
