/**
 * What the networks of a task are measured by. A metric's value is oriented once, where a program measures
 * it: its *score* rises with quality, and everything that chooses, sorts or compares maximises scores and
 * asks no metric. Whoever prints a score asks the metric, which gives the value back.
 */
export interface Metric {
  /** As it follows `validation` and `test`: `accuracy`. */
  readonly name: string;
  /** Of its scores: `negative mean squared error` where lower values are better, else its own. */
  readonly scoreName: string;
  /** After a printed value: `%`; empty where values have none. */
  readonly unit: string;
  /** After a printed difference, in full and beside the metric's name; empty where differences have none. */
  readonly differenceUnit: { readonly long: string; readonly short: string };
  readonly direction: 'higher' | 'lower';
  /** Least and greatest value; infinite where there is no bound. */
  readonly range: readonly [number, number];
  /** How d3 writes values on an axis: `p` in percent, `g` as they are. */
  readonly axis: 'p' | 'g';
  /** How values lie on an axis: `log` where ratios of them are what counts. */
  readonly axisScale: 'linear' | 'log';
  /** The score of a value. */
  score(value: number): number;
  /** The value of a score. */
  value(score: number): number;
  /** The value of a score in print: `93.72 %`. */
  format(score: number): string;
  /**
   * A difference of scores as the number that is printed: that of the values, so that its sign may be the
   * other one.
   */
  difference(difference: number): number;
  /** The same as text, with its sign: `+0.32`. */
  formatDifference(difference: number): string;
  /** A standard deviation of scores around one of them in print, without a unit: `0.21`. */
  formatSpread(deviation: number, around: number): string;
}

/** A metric whose values are printed as they are, or in a multiple, and compared by their differences. */
export interface MetricFacts extends Pick<
  Metric,
  'name' | 'unit' | 'differenceUnit' | 'direction' | 'range' | 'axis'
> {
  /** What a value is multiplied with in print: 100 for percent. */
  readonly scale: number;
  /** Decimals in print. */
  readonly digits: number;
}

const minus = (text: string): string => text.replace('-', '−');

/** JSON has no infinity: a difference that nothing bounds is as large as numbers are. */
const UNBOUNDED = Number.MAX_VALUE;

const signed = (printed: number, digits: number): string => {
  if (Math.abs(printed) >= UNBOUNDED) return printed < 0 ? '−∞' : '+∞';
  const text = printed.toFixed(digits);
  return Number(text) < 0 ? minus(text) : `+${text.replace('-', '')}`;
};

export const createMetric = ({ scale, digits, ...facts }: MetricFacts): Metric => {
  const orient = facts.direction === 'higher' ? (n: number) => n : (n: number) => 0 - n;
  const difference = (of: number): number => scale * orient(of);
  return {
    ...facts,
    axisScale: 'linear',
    scoreName: facts.direction === 'higher' ? facts.name : `negative ${facts.name}`,
    score: orient,
    value: orient,
    format: (score) =>
      `${minus((scale * orient(score)).toFixed(digits))}${facts.unit === '' ? '' : ` ${facts.unit}`}`,
    difference,
    formatDifference: (of) => signed(difference(of), digits),
    formatSpread: (deviation) => minus((scale * deviation).toFixed(digits)),
  };
};

/** Least and greatest score. */
const scoreRange = ({ range, score }: Metric): readonly [number, number] => {
  const [a, b] = range.map(score) as [number, number];
  return a < b ? [a, b] : [b, a];
};

/** Whether a network can have the score. */
export const isScore = (metric: Metric, score: number): boolean => {
  const [low, high] = scoreRange(metric);
  return Number.isFinite(score) && score >= low && score <= high;
};

const bound = (value: number): string => (Number.isFinite(value) ? `${value}` : value < 0 ? '−∞' : '∞');

/** The scores that networks can have, for error messages: `from 0 to 1`. */
export const scoreRangeText = (metric: Metric): string => {
  const [low, high] = scoreRange(metric);
  return `from ${bound(low)} to ${bound(high)}`;
};

/** Where scores lie, as a sentence without a full stop. */
export const scoresText = (metric: Metric): string =>
  `scores of the metric ${metric.name} are ${scoreRangeText(metric)}`;

/** Whether scores are fractions in [0, 1]. */
export const scoresAreFractions = (metric: Metric): boolean => {
  const [low, high] = scoreRange(metric);
  return low >= 0 && high <= 1;
};

/** Every difference that two scores can have. */
export const differenceRange = (metric: Metric): readonly [number, number] => {
  const [low, high] = scoreRange(metric);
  const widest = Math.min(UNBOUNDED, high - low);
  return [-widest, widest];
};

/** Whether an interval of differences has ends that can be drawn. */
export const isBounded = (interval: readonly [number, number]): boolean =>
  interval.every((end) => Math.abs(end) < UNBOUNDED);

/** An interval of score differences, its ends in the order in which the values that are printed ascend. */
export const printedOrder = (
  { difference }: Metric,
  [low, high]: readonly [number, number],
): readonly [number, number] => (difference(low) <= difference(high) ? [low, high] : [high, low]);

/** A printed difference and its unit: `+0.32 percentage points`. */
export const withUnit = (difference: string, unit: string): string =>
  unit === '' ? difference : `${difference} ${unit}`;
