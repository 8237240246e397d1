import type { AttributeDef } from './saved-model.ts';
import type { Tensor, Tf } from './tensor.ts';

/** Adds nodes to the graph under construction; used by `compiledTrace`. */
export interface Recorder {
  readonly tf: Tf;
  /** The tensor's node output; constants become nodes on first use. */
  ref(tensor: Tensor): string;
  isConstant(tensor: Tensor): boolean;
  node(
    op: string,
    input: readonly string[],
    attr: Readonly<Record<string, AttributeDef>>,
    name?: string,
  ): string;
  /** A tensor that stands for a node output. */
  symbol(ref: string, shape: readonly number[], dtype: number): Tensor;
  nativeType(tensor: Tensor): number;
  /**
   * Records the body of a loop. What was made before is not in the loop: `enter` makes the node by which its
   * body sees it, once for each. The body's values may not be used afterwards.
   */
  inFrame<T>(enter: (ref: string, type: number) => string, body: () => T): T;
}
