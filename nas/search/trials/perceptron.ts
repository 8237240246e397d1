import type { Random } from '../../core/random.ts';

/** A trained network of one hidden ReLU layer: its prediction. */
type Perceptron = (features: readonly number[]) => number;

interface PerceptronOptions {
  readonly hidden: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** Examples that are learnt together. */
export interface Lesson {
  readonly points: readonly (readonly number[])[];
  readonly targets: readonly number[];
  readonly learningRate: number;
}

interface TeachingOptions extends Omit<PerceptronOptions, 'learningRate'> {
  /**
   * Linear by least squares, or a sigmoid by least absolute error, whose logit is `first` for most points to
   * begin with.
   */
  readonly output: { readonly kind: 'linear' } | { readonly kind: 'sigmoid'; readonly first: number };
}

/** Indices of the entries that are not zero: features are mostly one-hot, so the first layer costs little. */
const support = (features: readonly number[]): readonly number[] => {
  const indices: number[] = [];
  for (let i = 0; i < features.length; i++) if (features[i] !== 0) indices.push(i);
  return indices;
};

/** Adam's moments and constants (Kingma & Ba 2015, Algorithm 1). */
const BETA1 = 0.9;
const BETA2 = 0.999;

/**
 * Lesson after lesson by Adam on single examples in random order, its moments and a linear decay of the
 * learning rate to zero anew for each. Weights are one flat array: hidden weights row by row (one row a
 * feature), hidden biases, output weights, output bias. Written out instead of taken from a tensor library,
 * because a fit must be synchronous, tiny (a thousand weights) and pure. `predict` gives the output, before a
 * sigmoid's curve.
 */
export const teachPerceptron = (
  lessons: readonly Lesson[],
  { hidden, epochs, weightDecay, output: kind }: TeachingOptions,
  random: Random,
): { readonly weights: Float64Array; readonly predict: Perceptron } => {
  const all = lessons.flatMap(({ points }) => points);
  const inputs = all[0]?.length ?? 0;
  const biases = inputs * hidden;
  const outputs = biases + hidden;
  const size = outputs + hidden + 1;
  const weights = new Float64Array(size);
  const fanIn = all.reduce((sum, features) => sum + support(features).length, 0) / Math.max(1, all.length);
  for (let i = 0; i < biases; i++) weights[i] = random.normal() * Math.sqrt(2 / Math.max(1, fanIn));
  for (let h = 0; h < hidden; h++) weights[outputs + h] = random.normal() * Math.sqrt(1 / hidden);
  if (kind.kind === 'sigmoid') weights[size - 1] = kind.first;
  const first = new Float64Array(size);
  const second = new Float64Array(size);
  const layer = new Float64Array(hidden);

  const forward = (features: readonly number[], list: readonly number[]): number => {
    let output = weights[size - 1] as number;
    for (let h = 0; h < hidden; h++) layer[h] = weights[biases + h] as number;
    for (const i of list)
      for (let h = 0; h < hidden; h++)
        layer[h] = (layer[h] as number) + (features[i] as number) * (weights[i * hidden + h] as number);
    for (let h = 0; h < hidden; h++) {
      if ((layer[h] as number) < 0) layer[h] = 0;
      output += (layer[h] as number) * (weights[outputs + h] as number);
    }
    return output;
  };
  /** Of half the squared, or of the absolute error, by the output. */
  const slopeOf = (output: number, target: number): number => {
    if (kind.kind === 'linear') return output - target;
    const value = 1 / (1 + Math.exp(-output));
    return Math.sign(value - target) * value * (1 - value);
  };
  let rate = 0;
  const step = (i: number, slope: number): void => {
    const gradient = slope + weightDecay * (weights[i] as number);
    first[i] = BETA1 * (first[i] as number) + (1 - BETA1) * gradient;
    second[i] = BETA2 * (second[i] as number) + (1 - BETA2) * gradient * gradient;
    weights[i] =
      (weights[i] as number) - (rate * (first[i] as number)) / (Math.sqrt(second[i] as number) + 1e-8);
  };
  for (const { points, targets, learningRate } of lessons) {
    first.fill(0);
    second.fill(0);
    let steps = 0;
    const active = points.map(support);
    const order = points.map((_, i) => i);
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (const at of random.shuffle(order)) {
        const features = points[at] as readonly number[];
        const list = active[at] as readonly number[];
        const slope = slopeOf(forward(features, list), targets[at] as number);
        steps += 1;
        // Adam's two bias corrections and the decay in one factor.
        rate =
          (learningRate * (1 - (steps - 1) / (epochs * order.length)) * Math.sqrt(1 - BETA2 ** steps)) /
          (1 - BETA1 ** steps);
        for (let h = 0; h < hidden; h++) {
          const value = layer[h] as number;
          const back = value > 0 ? slope * (weights[outputs + h] as number) : 0;
          step(outputs + h, slope * value);
          if (back === 0) continue;
          step(biases + h, back);
          for (const i of list) step(i * hidden + h, back * (features[i] as number));
        }
        step(size - 1, slope);
      }
    }
  }
  return { weights, predict: (features) => forward(features, support(features)) };
};

/** One lesson by least squares. */
export const fitPerceptron = (
  points: readonly (readonly number[])[],
  targets: readonly number[],
  { learningRate, ...options }: PerceptronOptions,
  random: Random,
): Perceptron =>
  teachPerceptron([{ points, targets, learningRate }], { ...options, output: { kind: 'linear' } }, random)
    .predict;
