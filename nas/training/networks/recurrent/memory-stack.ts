import type { Tensor } from '../../graph/tensor.ts';
import { recur } from '../../layers/recurrence.ts';
import { sequenceProduct } from '../../layers/sequence-product.ts';
import { masked, type RecurrentCall, type RecurrentResult } from './recurrent-network.ts';

/**
 * One step of a layer from its products of the input and of the hidden state, part by part, and its memory.
 */
export type MemoryStep = (
  input: readonly Tensor[],
  recurrent: readonly Tensor[],
  memory: Tensor,
) => { readonly hidden: Tensor; readonly memory: Tensor };

/** A layer that carries a hidden state and a memory, [B, units] each. */
interface MemoryLayer {
  /** [in, n] and [units, n]: of the input, which is one product over all steps, and of the hidden state. */
  readonly input: Tensor;
  readonly recurrent: Tensor;
  /** [n], added to the products. */
  readonly bias?: Tensor;
  /** Gates or leaves: equal parts of n. */
  readonly parts: number;
  readonly step: MemoryStep;
}

/** What layers of these sizes carry. */
export const memoryStates = (units: readonly number[]): Record<string, number> =>
  Object.fromEntries(
    units.flatMap((size, l) => [
      [`hidden.${l}.h`, size],
      [`hidden.${l}.c`, size],
    ]),
  );

/** Layers one over the other, with a locked dropout between them. */
export const memoryStack = (
  { tf, trace, x, length, carried, masks }: RecurrentCall,
  layers: readonly MemoryLayer[],
): RecurrentResult => {
  const left: Record<string, Tensor> = {};
  let below = x;
  layers.forEach(({ input, recurrent, bias, parts, step }, l) => {
    if (l > 0) below = masked(tf, below, masks('layers', [1, ...below.shape.slice(1)]));
    const names = Array.from({ length: parts }, (_, part) => String(part));
    const biases = bias && tf.split(bias, parts);
    const products = tf.split(input, parts, 1).map((matrix, part): [string, Tensor] => {
      const product = sequenceProduct(tf, trace, below, matrix, length);
      return [String(part), biases ? tf.add(product, biases[part] as Tensor) : product];
    });
    const { carried: last, outputs } = recur(tf, trace, {
      length,
      inputs: Object.fromEntries(products),
      carried: { h: carried[`hidden.${l}.h`] as Tensor, c: carried[`hidden.${l}.c`] as Tensor },
      weights: { recurrent: { matrix: recurrent, parts } },
      shared: {},
      step: ({ inputs, carried: before, product }) => {
        const { hidden, memory } = step(
          names.map((part) => inputs[part] as Tensor),
          product('recurrent', before.h as Tensor),
          before.c as Tensor,
        );
        return { carried: { h: hidden, c: memory }, outputs: { h: hidden } };
      },
    });
    left[`hidden.${l}.h`] = last.h as Tensor;
    left[`hidden.${l}.c`] = last.c as Tensor;
    below = outputs.h as Tensor;
  });
  return { outputs: below, carried: left, buffers: {} };
};
