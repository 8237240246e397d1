import type { Cut, Cuts, TrainedPart } from '../../../nas/core/cut.ts';
import { deriveSeed, randomFromSeed } from '../../../nas/core/random.ts';

/** Time steps of a minibatch; training draws the shorter one too. */
export const LENGTHS = [5, 3] as const;
const [LONG, SHORT] = LENGTHS;
/** Columns of minibatches that are evaluated. */
export const EVALUATED_COLUMNS = 2;

/** A minibatch as a part of a stream in columns: so many rows from one on, each predicting the next. */
export interface Window {
  readonly start: number;
  readonly length: number;
  /** Nothing came before it. */
  readonly first: boolean;
}

/** How a stream is read. */
export interface Windows extends Cut {
  readonly columns: number;
  window(epoch: number, index: number): Window;
}

const ofLists = (columns: number, listOf: (epoch: number) => readonly Window[]): Windows => {
  const known = new Map<number, readonly Window[]>();
  const list = (epoch: number): readonly Window[] => {
    const windows = known.get(epoch) ?? listOf(epoch);
    known.set(epoch, windows);
    return windows;
  };
  return {
    columns,
    steps: (epoch) => list(epoch).length,
    size: (epoch, index) => (list(epoch)[index] as Window).length * columns,
    window: (epoch, index) => list(epoch)[index] as Window,
  };
};

/** Symbols of each split. */
export interface StreamCounts {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

export interface SymbolWindows extends Cuts {
  training(part: TrainedPart, purpose: string): Windows;
  drawn(purpose: string): Windows;
  inOrder(part: 'validation' | 'test'): Windows;
}

/** Every window of a data set, from its counts and a seed. */
export const symbolWindows = (counts: StreamCounts, columns: number, seed: number): SymbolWindows => ({
  training: (part, purpose) => {
    if (part === 'train+validation') throw new Error('symbols have a validation split of their own');
    const rows = Math.floor(counts[part] / columns);
    return ofLists(columns, (epoch) => {
      const random = randomFromSeed(deriveSeed(seed, purpose, epoch));
      const windows: Window[] = [];
      for (let start = 0; start + SHORT < rows;) {
        const wanted = random.uniform() < 0.5 ? LONG : SHORT;
        const length = start + wanted < rows ? wanted : SHORT;
        windows.push({ start, length, first: start === 0 });
        start += length;
      }
      return windows;
    });
  },
  drawn: (purpose) => {
    const rows = Math.floor(counts.validation / EVALUATED_COLUMNS);
    return ofLists(EVALUATED_COLUMNS, (epoch) => {
      const random = randomFromSeed(deriveSeed(seed, purpose, epoch));
      return Array.from({ length: Math.floor((rows - 1) / LONG) }, () => ({
        start: random.int(rows - LONG),
        length: LONG,
        first: true,
      }));
    });
  },
  inOrder: (part) => {
    const rows = Math.floor(counts[part] / EVALUATED_COLUMNS);
    return ofLists(EVALUATED_COLUMNS, () =>
      Array.from({ length: Math.ceil((rows - 1) / LONG) }, (_, i) => ({
        start: i * LONG,
        length: Math.min(LONG, rows - 1 - i * LONG),
        first: i === 0,
      })),
    );
  },
});
