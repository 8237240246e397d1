import type { HostTensor } from '../../program.ts';
import type { Tensor, Tensors, Tf } from '../../graph/tensor.ts';
import type { Trace } from '../../graph/trace.ts';
import { gathered, lookUp } from '../../layers/embedding.ts';
import type { Declaration } from '../../layers/shape-layers.ts';
import { tokenLoss } from '../../layers/token-loss.ts';
import { masked, variableOf, type Masks, type RecurrentNetwork } from './recurrent-network.ts';

/** The embedding, and the decoder tied to it (Press & Wolf 2017; Inan et al. 2017). */
const TABLE = 'encoder.weight';
const BIAS = 'decoder.bias';

export interface LanguageModelOptions {
  /** Words. */
  readonly vocabulary: number;
  /** The embedding starts uniformly in ±this. */
  readonly bound: number;
  /** Whether the decoder has a bias of its own. */
  readonly hasBias: boolean;
}

/** Factors of the two penalties on activations (Merity et al. 2017). */
export interface ActivationPenalties {
  /** Of the mean square of the dropped outputs. */
  readonly activation: number;
  /** Of the mean square of differences between the outputs of successive steps, undropped. */
  readonly slowness: number;
}

export interface LanguageCall {
  readonly tf: Tf;
  readonly trace: Trace;
  readonly vars: Tensors;
  readonly carried: Tensors;
  /** int32 [T, B]. */
  readonly tokens: Tensor;
  /** int32 [T, B]: the tokens that come next. */
  readonly targets: Tensor;
  /** Rows that are read, an int32 scalar; absent: all. */
  readonly length: Tensor;
  readonly masks: Masks;
  readonly isTraining: boolean;
  readonly inputs: Tensors;
}

interface LanguageResult {
  /** Sum over tokens of −ln of the probability of the next one, in nats. */
  readonly nats: Tensor;
  /** [T, B, H]: of the last layer, before and after dropout. */
  readonly outputs: Tensor;
  readonly dropped: Tensor;
  readonly carried: Tensors;
  readonly buffers: Tensors;
}

/** A word-level language model around a recurrent network, with one matrix for its embedding and decoder. */
export interface LanguageModel {
  readonly declarations: readonly Declaration[];
  /** The matrix that embedding and decoder share. */
  readonly tied: string;
  carried(columns: number): Readonly<Record<string, HostTensor>>;
  run(call: LanguageCall): LanguageResult;
  /** Of rows x [N, H]: [N, V]. */
  logits(tf: Tf, vars: Tensors, x: Tensor): Tensor;
}

/** Values of one token: what a pass makes of it in training, and what of that gradients are computed from. */
export interface TokenCost {
  readonly multiplyAdds: number;
  readonly made: number;
  readonly kept: number;
}

/**
 * What a token costs. The embedding is looked up, the decoder is a product. A recurrence keeps each product
 * for its way back, where it makes both factors of the matrix' gradient; the decoder keeps the gradient of
 * its logits.
 */
export const tokenCost = (
  { products, widths: { input, output } }: RecurrentNetwork,
  { vocabulary }: Pick<LanguageModelOptions, 'vocabulary'>,
): TokenCost => {
  const columns = products.reduce((sum, [, n]) => sum + n, 0);
  const factors = products.reduce((sum, [rows, n]) => sum + rows + n, 0);
  // Embedded and outputs, each before and after its mask.
  const ends = 2 * (input + output);
  const kept = ends + columns + vocabulary;
  return {
    multiplyAdds: products.reduce((sum, [rows, n]) => sum + rows * n, 0) + vocabulary * output,
    made: kept + factors + vocabulary,
    kept,
  };
};

export const languageModel = (
  network: RecurrentNetwork,
  { vocabulary, bound, hasBias }: LanguageModelOptions,
): LanguageModel => {
  const { input, output } = network.widths;
  if (input !== output) throw new RangeError(`a tied decoder of ${output} for an embedding of ${input}`);
  return {
    declarations: [
      { name: TABLE, shape: [vocabulary, input], role: 'weight', initial: { kind: 'within', bound } },
      ...network.declarations,
      ...(hasBias
        ? [
            {
              name: BIAS,
              shape: [vocabulary],
              role: 'weight',
              initial: { kind: 'constant', value: 0 },
            } as const,
          ]
        : []),
    ],
    tied: TABLE,
    carried: (columns) =>
      Object.fromEntries(
        Object.entries(network.carried).map(([name, values]) => [
          name,
          { dtype: 'float32', shape: [columns, values], data: new Float32Array(columns * values) },
        ]),
      ),
    run: ({ tf, trace, vars, tokens, targets, length, masks, ...call }) => {
      const table = variableOf(vars, TABLE);
      const batch = tokens.shape[1] as number;
      // The mask of rows is for the look-up alone: the tied decoder keeps every word.
      const rows = masks('embedding', [vocabulary, 1]);
      const embedded = masked(tf, lookUp(tf, table, tokens), rows && gathered(tf, rows, tokens));
      const x = masked(tf, embedded, masks('input', [1, batch, input]));
      const { outputs, carried, buffers } = network.run({ tf, trace, vars, x, length, masks, ...call });
      const dropped = masked(tf, outputs, masks('output', [1, batch, output]));
      const bias = hasBias ? { bias: variableOf(vars, BIAS) } : {};
      // Half of the columns each: two products that do not wait for each other.
      const halves = [Math.ceil(batch / 2), Math.floor(batch / 2)].filter((size) => size > 0);
      const [xs, words] = [dropped, targets].map((all) => tf.split(all, halves, 1)) as [Tensor[], Tensor[]];
      const nats = xs.map((half, i) =>
        tokenLoss(tf, trace, { x: half, table, ...bias, targets: words[i] as Tensor, length }),
      );
      return {
        nats: tf.addN(nats),
        outputs,
        dropped,
        carried,
        buffers,
      };
    },
    logits: (tf, vars, x) => {
      const product = tf.matMul(x as never, variableOf(vars, TABLE) as never, false, true);
      return hasBias ? tf.add(product, variableOf(vars, BIAS)) : product;
    },
  };
};

/** How many tokens the first `length` rows of [T, B] have, a float32 scalar. */
export const tokenCount = (tf: Tf, { shape }: Tensor, length: Tensor): Tensor =>
  tf.mul(tf.cast(length, 'float32'), shape[1] as number);

/**
 * Both penalties of outputs [T, B, H], each a mean over the first `length` rows; not multiplied by their
 * factors.
 */
export const activationPenalties = (
  tf: Tf,
  { outputs, dropped }: Pick<LanguageResult, 'outputs' | 'dropped'>,
  length: Tensor,
): { readonly activation: Tensor; readonly slowness: Tensor } => {
  const [most, batch, width] = outputs.shape as [number, number, number];
  const rows = tf.cast(length, 'float32');
  const mean = (squares: Tensor, of: Tensor): Tensor =>
    tf.div(tf.sum(squares), tf.mul(tf.maximum(of, 1), batch * width));
  // A window of one row has no differences; the outputs are zero behind the last row, and so is their square.
  const later = tf.slice(outputs, [1, 0, 0], [most - 1, batch, width]);
  const earlier = tf.slice(outputs, [0, 0, 0], [most - 1, batch, width]);
  const isInside = tf.cast(tf.less(tf.range(1, most, 1, 'int32'), length), 'float32');
  const differences = tf.mul(tf.sub(later, earlier), tf.reshape(isInside, [most - 1, 1, 1]));
  return {
    activation: mean(tf.square(dropped), rows),
    slowness: mean(tf.square(differences), tf.sub(rows, 1)),
  };
};
