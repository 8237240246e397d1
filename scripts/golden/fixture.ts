import type { HostTensor } from '../../nas/training/program.ts';

export interface TensorFixture {
  readonly kind: string;
  /** Sizes, genotype and seeds of the fixture, as its own JSON. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: Readonly<Record<string, HostTensor>>;
}

/** One compared quantity. */
export interface Check {
  readonly name: string;
  /** Largest absolute difference over all elements. */
  readonly difference: number;
  readonly tolerance: number;
  /** What is to be known beside the numbers. */
  readonly note?: string;
  /**
   * Beyond its tolerance for a reason that was shown and is no fault: one ReLU or maximum on its other side,
   * or rounding, without which it agrees.
   */
  readonly explanation?: 'kink' | 'rounding';
}

/** Within its tolerance. */
export const passes = ({ difference, tolerance }: Check): boolean => difference <= tolerance;

export type CheckTensors = (fixture: TensorFixture) => Promise<readonly Check[]>;

export const largest = (values: ArrayLike<number>): number => {
  let max = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i] as number);
    if (!(size <= max)) max = size;
  }
  return max;
};

/** Largest absolute difference; infinite when the sizes differ, NaN when a number is. */
export const difference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let max = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs((a[i] as number) - (b[i] as number));
    if (!(d <= max)) max = d;
  }
  return max;
};

export const LOGITS_TOLERANCE = 1e-4;
/** Batch norm over few values: auxiliary logits, and logits by once-updated statistics. */
export const FEW_VALUES_TOLERANCE = 1e-3;

/** Of a gradient: 1e-4 + 1e-3 of its largest entry. */
export const gradientTolerance = (expected: ArrayLike<number>): number => 1e-4 + 1e-3 * largest(expected);

/** Throws where the fixture has none of that name. */
export const tensorOf = ({ tensors }: TensorFixture, name: string): HostTensor => {
  const found = tensors[name];
  if (found === undefined) throw new Error(`the fixture has no tensor '${name}'`);
  return found;
};

/** Compares by the fixture's own tensor, which it marks as checked by being in the result. */
export const compare = (
  fixture: TensorFixture,
  name: string,
  actual: HostTensor | undefined,
  tolerance: number | ((expected: ArrayLike<number>) => number),
): Check => {
  const expected = tensorOf(fixture, name);
  if (actual === undefined) throw new Error(`nothing was computed for '${name}'`);
  return {
    name,
    difference: difference(expected.data, actual.data),
    tolerance: typeof tolerance === 'number' ? tolerance : tolerance(expected.data),
  };
};

/** The fixture's tensors whose names start with a prefix, by the rest of the name. */
export const withPrefix = (
  tensors: Readonly<Record<string, HostTensor>>,
  prefix: string,
): Record<string, HostTensor> =>
  Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
