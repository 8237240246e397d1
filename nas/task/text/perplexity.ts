import type { Metric } from '../metric.ts';

const minus = (text: string): string => text.replace('-', '−');

/** Perplexities as they are quoted: 58.13; large ones without decimals. */
const quoted = (value: number): string =>
  Number.isFinite(value) ? value.toFixed(value < 1000 ? 2 : 0) : '∞';

const ratio = (difference: number): number => 100 * Math.expm1(-difference);

/**
 * Perplexity of a text: e to the mean negative log probability of each token that is predicted, in nats. Its
 * score is the negative of that mean: finite for every model that gives all tokens a probability, and a
 * difference of scores is a ratio of perplexities, printed in percent. A mean over seeds is a geometric one.
 */
export const perplexity: Metric = {
  name: 'perplexity',
  scoreName: 'negative log perplexity',
  unit: '',
  differenceUnit: { long: 'percent', short: '%' },
  direction: 'lower',
  range: [1, Number.POSITIVE_INFINITY],
  axis: 'g',
  axisScale: 'log',
  score: (value) => 0 - Math.log(value),
  value: (score) => Math.exp(-score),
  format: (score) => quoted(Math.exp(-score)),
  difference: ratio,
  formatDifference: (difference) => {
    const percent = ratio(difference);
    if (!Number.isFinite(percent)) return '+∞';
    const text = percent.toFixed(2);
    return Number(text) < 0 ? minus(text) : `+${text.replace('-', '')}`;
  },
  // To first order, as the deviation of a logarithm is the relative one.
  formatSpread: (deviation, around) => quoted(deviation * Math.exp(-around)),
};

/** Perplexity of a mean loss in nats. */
export const perplexityOf = (meanLoss: number): number => Math.exp(meanLoss);

/**
 * The perplexity that the reference programs print for columns of so many rows: they divide the sum of losses
 * by all rows, though one fewer was predicted (quark0/darts, rnn/train.py; salesforce/awd-lstm-lm, main.py).
 * It is lower than that of the predicted tokens, by 6 % at 72 rows and by nothing to speak of at 7,000.
 */
export const referencePerplexity = (meanLoss: number, rows: number, predicted = rows - 1): number =>
  Math.exp((meanLoss * predicted) / rows);
