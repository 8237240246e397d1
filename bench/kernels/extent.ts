/** How far a sweep goes. */
export interface Extent {
  readonly channels: readonly number[];
  /** An even side and an odd one, or more. */
  readonly sides: readonly number[];
  readonly strides: readonly number[];
  /** Output channels of convolutions, which take turns, so many for each shape of the input. */
  readonly outputs: readonly number[];
  readonly outputsEach: number;
}

const CHANNELS: readonly number[] = Array.from({ length: 17 }, (_, i) => i + 1);

export const EXTENTS = {
  full: {
    channels: CHANNELS,
    sides: [7, 8],
    strides: [1, 2, 3],
    // Coprime with the two sides that each number of channels has, so that all meet all.
    outputs: [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17],
    outputsEach: 3,
  },
  small: {
    channels: [1, 2, 3, 4, 5, 7, 8, 9, 17],
    sides: [7, 8],
    strides: [1, 2],
    outputs: [1, 3, 8, 4, 17],
    outputsEach: 1,
  },
} as const satisfies Record<string, Extent>;
export type ExtentName = keyof typeof EXTENTS;

/** The values one after the other, from the first again after the last. */
export const cycle = <T>(values: readonly T[]): (() => T) => {
  let at = 0;
  return () => values[at++ % values.length] as T;
};
