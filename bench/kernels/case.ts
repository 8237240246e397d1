import type { Tensor, Tf } from '../../nas/training/graph/tensor.ts';
import type { Plain } from './plain.ts';

/** One operation of the product at one shape, with what it must compute. */
export interface KernelCase {
  /** The product's name of it. */
  readonly operation: string;
  /** Its shape in words, which together with the operation is unique. */
  readonly shape: string;
  /** Shapes of the inputs, which are normally distributed, or positive where `positive` says so. */
  readonly inputs: readonly (readonly number[])[];
  readonly positive?: boolean;
  product(tf: Tf, inputs: readonly Tensor[]): Tensor;
  plain(inputs: readonly Plain[]): Plain;
  /** Of the inputs, given that of the output; absent where no gradient flows. */
  gradients?(inputs: readonly Plain[], dy: Plain): readonly Plain[];
  /**
   * Largest difference that rounding explains, in units of the largest expected value, or of 0.3 where all
   * are smaller.
   */
  readonly tolerance: number;
}
