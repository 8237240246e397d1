import { END_OF_LINE, type Vocabulary } from './vocabulary.ts';

/** How a text is drawn from a model. */
interface SamplingRule {
  /** Below 1, likely tokens become likelier; 1 draws from the model as it is. */
  readonly temperature: number;
}

/**
 * The token that a uniform number in [0, 1) draws from log probabilities (of any offset) of all types. Throws
 * `RangeError` where they give no type a probability.
 */
export const drawToken = (
  logProbabilities: ArrayLike<number>,
  { temperature }: SamplingRule,
  uniform: number,
): number => {
  let largest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logProbabilities.length; id++)
    largest = Math.max(largest, logProbabilities[id] as number);
  if (!Number.isFinite(largest)) throw new RangeError('sampling: no type has a probability');
  const weight = (id: number): number => Math.exp(((logProbabilities[id] as number) - largest) / temperature);
  let total = 0;
  for (let id = 0; id < logProbabilities.length; id++) total += weight(id);
  let rest = uniform * total;
  let last = 0;
  for (let id = 0; id < logProbabilities.length; id++) {
    const share = weight(id);
    if (share === 0) continue;
    last = id;
    rest -= share;
    if (rest < 0) return id;
  }
  // Rounding may leave a crumb of the total: it is the last type's.
  return last;
};

/** Tokens as the text that they are of: words with spaces between them, a line for every `<eos>`. */
export const textOf = (ids: ArrayLike<number>, vocabulary: Vocabulary): string => {
  let text = '';
  let begins = true;
  for (let i = 0; i < ids.length; i++) {
    const type = vocabulary[ids[i] as number];
    if (type === undefined) throw new RangeError(`token ${i} has id ${ids[i]} of ${vocabulary.length} types`);
    text += type === END_OF_LINE ? '\n' : `${begins ? '' : ' '}${type}`;
    begins = type === END_OF_LINE;
  }
  return text;
};
