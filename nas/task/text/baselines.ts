/**
 * What a text's own statistics predict of it: perplexities to hold a network's against.
 *
 * Kneser-Ney smoothing, interpolated, absolute discount D = 0.75 at every level (Kneser & Ney 1995; Chen &
 * Goodman 1999, §2.7, with a fixed D). N tokens, V types of the vocabulary, c(·) counts in the training text,
 * T(·) numbers of different types:
 *
 *     unigram   p(w)   = (max(c(w) − D, 0) + D T / V) / N,                    T types that are seen
 *     bigram    p(w|v) = (max(c(vw) − D, 0) + D T(v·) q(w)) / c(v·),          T(v·) types that follow v
 *               q(w)   = (max(T(·w) − D, 0) + D T' / V) / B,                  B different pairs, T' types that
 *                                                                             end one
 *
 * After a type that nothing follows in the training text, p(w|v) = q(w). Where the training text has every
 * type of the vocabulary, the unigram is the relative frequency. Text is one stream, lines and all, as
 * networks read it; every token but the first of the evaluated stream is predicted.
 */
const D = 0.75;

/** Perplexities of the two on one part of a data set. */
interface Baselines {
  readonly unigram: number;
  readonly bigram: number;
}

/** Mean surprise of a stream's tokens but the first, as a perplexity; a sum in order, the same everywhere. */
const perplexityUnder = (
  tokens: Uint16Array,
  probability: (previous: number, token: number) => number,
): number => {
  let surprise = 0;
  for (let i = 1; i < tokens.length; i++)
    surprise -= Math.log(probability(tokens[i - 1] as number, tokens[i] as number));
  return Math.exp(surprise / (tokens.length - 1));
};

const discounted = (count: number): number => Math.max(count - D, 0);

/**
 * Both models of a training text of at least two tokens; they give every type of the vocabulary a
 * probability.
 */
export const baselineModels = (
  train: Uint16Array,
  vocabulary: number,
): Readonly<Record<keyof Baselines, (previous: number, token: number) => number>> => {
  const zeros = (): Float64Array => new Float64Array(vocabulary);
  /** c(w), c(v·), T(v·), T(·w). */
  const [counts, starts, followers, predecessors] = [zeros(), zeros(), zeros(), zeros()];
  const pairs = new Map<number, number>();
  const add = (to: Float64Array, type: number): void => {
    to[type] = (to[type] as number) + 1;
  };
  train.forEach((token, i) => {
    add(counts, token);
    if (i === 0) return;
    const previous = train[i - 1] as number;
    const pair = previous * vocabulary + token;
    const seen = pairs.get(pair) ?? 0;
    pairs.set(pair, seen + 1);
    add(starts, previous);
    if (seen > 0) return;
    add(followers, previous);
    add(predecessors, token);
  });
  const present = (of: Float64Array): number => of.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  const spreadCounts = (D * present(counts)) / vocabulary;
  const spreadPairs = (D * present(predecessors)) / vocabulary;
  const continuation = (token: number): number =>
    (discounted(predecessors[token] as number) + spreadPairs) / pairs.size;
  return {
    unigram: (_previous, token) => (discounted(counts[token] as number) + spreadCounts) / train.length,
    bigram: (previous, token) => {
      const total = starts[previous] as number;
      const base = continuation(token);
      if (total === 0) return base;
      const pair = discounted(pairs.get(previous * vocabulary + token) ?? 0);
      return (pair + D * (followers[previous] as number) * base) / total;
    },
  };
};

/** Perplexities of parts of a data set under both models of its training text. */
export const baselinesOf = <Part extends string>(
  train: Uint16Array,
  vocabulary: number,
  parts: Readonly<Record<Part, Uint16Array>>,
): Readonly<Record<Part, Baselines>> => {
  const { unigram, bigram } = baselineModels(train, vocabulary);
  const entries = Object.entries<Uint16Array>(parts).map(([part, tokens]): [string, Baselines] => [
    part,
    { unigram: perplexityUnder(tokens, unigram), bigram: perplexityUnder(tokens, bigram) },
  ]);
  return Object.fromEntries(entries) as Record<Part, Baselines>;
};
