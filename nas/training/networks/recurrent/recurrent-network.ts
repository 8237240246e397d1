import type { Tensor, Tensors, Tf } from '../../graph/tensor.ts';
import type { Trace } from '../../graph/trace.ts';
import type { Recurrence } from '../../layers/recurrence.ts';
import type { Declaration } from '../../layers/shape-layers.ts';

/**
 * Where a language model may drop values: whole rows of the embedding, the embedded input, what a cell is
 * given of it, its hidden state, between layers, the output, and recurrent weights (DropConnect).
 */
export type DropoutPlace = 'embedding' | 'input' | 'cell' | 'hidden' | 'layers' | 'output' | 'recurrent';

/**
 * The factors of a dropout, of a given shape: 0 or 1 / (1 − p). Undefined where nothing is dropped. One draw
 * serves all steps of a window.
 */
export type Masks = (place: DropoutPlace, shape: readonly number[]) => Tensor | undefined;

export interface RecurrentCall {
  readonly tf: Tf;
  readonly trace: Trace;
  /** Weights and buffers by name. */
  readonly vars: Tensors;
  /** [T, B, E]. */
  readonly x: Tensor;
  /** Rows of x that are read, an int32 scalar. */
  readonly length: Tensor;
  readonly carried: Tensors;
  readonly masks: Masks;
  /** Whether batch norms use the batch's statistics, and move the running ones. */
  readonly isTraining: boolean;
  /** Given by the program: what a supernet mixes or chooses. */
  readonly inputs: Tensors;
}

export interface RecurrentResult {
  /** Of the last layer, [T, B, width], zero behind `length`. */
  readonly outputs: Tensor;
  readonly carried: Tensors;
  /** New running statistics by name. */
  readonly buffers: Tensors;
}

/** What a language model has between its embedding and its decoder. */
export interface RecurrentNetwork {
  readonly declarations: readonly Declaration[];
  /** Values a column of each carried variable, which is [B, values]. */
  readonly carried: Readonly<Record<string, number>>;
  /** Of the embedded input, and of the outputs. */
  readonly widths: { readonly input: number; readonly output: number };
  /** Rows and columns of the matrices that a token is multiplied with, each as often as it is. */
  readonly products: readonly (readonly [rows: number, columns: number])[];
  /** Batch norms take statistics of the columns, of which there must be two. */
  readonly normalizes?: true;
  run(call: RecurrentCall): RecurrentResult;
}

/** The masks that there are, as a recurrence takes them: by the names of their places. */
export const drawn = (masks: Readonly<Record<string, Tensor | undefined>>): Tensors =>
  Object.fromEntries(
    Object.entries(masks).flatMap(([place, mask]) => (mask === undefined ? [] : [[place, mask]])),
  );

/** Of matrices that a token is multiplied with once. */
export const productsOf = (declarations: readonly Declaration[]): RecurrentNetwork['products'] =>
  declarations.map(({ shape: [rows = 0, columns = 0] }) => [rows, columns]);

/** Matrices whose products' halves are gates and candidates. */
export const halved = (declarations: readonly Declaration[], vars: Tensors): Recurrence['weights'] =>
  Object.fromEntries(declarations.map(({ name }) => [name, { matrix: variableOf(vars, name), parts: 2 }]));

/** `x` times its mask, if it has one. */
export const masked = (tf: Tf, x: Tensor, mask: Tensor | undefined): Tensor =>
  mask === undefined ? x : tf.mul(x, mask);

/** The variable of a name. */
export const variableOf = (vars: Tensors, name: string): Tensor => {
  const tensor = vars[name];
  if (tensor === undefined) throw new Error(`variable '${name}' is missing`);
  return tensor;
};
