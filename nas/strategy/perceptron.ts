import type { Random } from '../random.ts';

/** A trained network of one hidden ReLU layer. */
export type Perceptron = (features: readonly number[]) => number;

export interface PerceptronOptions {
  readonly hidden: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly weightDecay: number;
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
 * Least squares by Adam on single examples in random order. Weights are one flat array: hidden weights row by row
 * (one row a feature), hidden biases, output weights, output bias. Written out instead of taken from a tensor
 * library, because a fit must be synchronous, tiny (a thousand weights) and pure.
 */
export const fitPerceptron = (
  points: readonly (readonly number[])[],
  targets: readonly number[],
  { hidden, epochs, learningRate, weightDecay }: PerceptronOptions,
  random: Random,
): Perceptron => {
  const inputs = points[0]?.length ?? 0;
  const biases = inputs * hidden;
  const outputs = biases + hidden;
  const size = outputs + hidden + 1;
  const weights = new Float64Array(size);
  const active = points.map(support);
  const fanIn = active.reduce((sum, list) => sum + list.length, 0) / Math.max(1, points.length);
  for (let i = 0; i < biases; i++) weights[i] = random.normal() * Math.sqrt(2 / Math.max(1, fanIn));
  for (let h = 0; h < hidden; h++) weights[outputs + h] = random.normal() * Math.sqrt(1 / hidden);
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
  let rate = learningRate;
  const step = (i: number, slope: number): void => {
    const gradient = slope + weightDecay * (weights[i] as number);
    first[i] = BETA1 * (first[i] as number) + (1 - BETA1) * gradient;
    second[i] = BETA2 * (second[i] as number) + (1 - BETA2) * gradient * gradient;
    weights[i] =
      (weights[i] as number) - (rate * (first[i] as number)) / (Math.sqrt(second[i] as number) + 1e-8);
  };
  let steps = 0;
  const order = points.map((_, i) => i);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const at of random.shuffle(order)) {
      const features = points[at] as readonly number[];
      const list = active[at] as readonly number[];
      const error = forward(features, list) - (targets[at] as number);
      steps += 1;
      // Adam's two bias corrections and a linear decay to zero in one factor.
      rate =
        (learningRate * (1 - (steps - 1) / (epochs * order.length)) * Math.sqrt(1 - BETA2 ** steps)) /
        (1 - BETA1 ** steps);
      for (let h = 0; h < hidden; h++) {
        const value = layer[h] as number;
        const back = value > 0 ? error * (weights[outputs + h] as number) : 0;
        step(outputs + h, error * value);
        if (back === 0) continue;
        step(biases + h, back);
        for (const i of list) step(i * hidden + h, back * (features[i] as number));
      }
      step(size - 1, error);
    }
  }
  return (features) => forward(features, support(features));
};
