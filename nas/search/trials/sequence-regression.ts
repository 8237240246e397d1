/**
 * Regression from sequences of tokens to a number in [0, 1] by an LSTM, as a port: strategies know no tensor
 * library. An embedding for each kind of token, one LSTM layer, and a sigmoid of its last state (Liu et al.
 * 2018, §3.4).
 */
export interface SequenceShape {
  readonly embedding: number;
  readonly hidden: number;
  /** Tokens of each kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Kinds of the tokens of a sequence, which repeat as long as it lasts. */
  readonly period: readonly string[];
}

interface SequenceFit {
  /** Steps of Adam on the mean absolute error over all sequences. */
  readonly epochs: number;
  readonly learningRate: number;
}

/**
 * Pure functions, equal in every process. Parameters are one flat float32 vector in the order of
 * `sequenceLayout`.
 */
export interface SequenceRegression {
  /** The parameters after training from the given ones; sequences of one length, at least one. */
  fit(
    shape: SequenceShape,
    parameters: Float32Array,
    sequences: readonly (readonly number[])[],
    targets: readonly number[],
    settings: SequenceFit,
  ): Float32Array;
  /** One prediction for each sequence; all have one length. Neighbours that begin alike cost least. */
  predict(
    shape: SequenceShape,
    parameters: Float32Array,
    sequences: readonly (readonly number[])[],
  ): readonly number[];
}

/** The parameters' names and shapes in the order of the flat vector. */
export const sequenceLayout = ({
  embedding,
  hidden,
  kinds,
}: SequenceShape): readonly { readonly name: string; readonly shape: readonly number[] }[] => [
  ...Object.entries(kinds).map(([kind, tokens]) => ({ name: kind, shape: [tokens, embedding] })),
  { name: 'lstm/weights', shape: [embedding + hidden, 4 * hidden] },
  { name: 'lstm/bias', shape: [4 * hidden] },
  { name: 'output/weights', shape: [hidden, 1] },
  { name: 'output/bias', shape: [1] },
];
