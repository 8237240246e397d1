import { afterEach, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import type { Batch } from '../../../nas/task/images/batches.ts';
import type { StepSettings } from '../../../nas/training/programs/compiled-model.ts';
import { compileImages, type CompiledImages } from '../compiled-images.ts';
import type { Classifier } from '../../../nas/training/networks/classifier.ts';
import { tensorLayers } from '../../../nas/training/layers/tensor-layers.ts';
import type { Tensor, Tensors } from '../../../nas/training/graph/tensor.ts';

const { tf } = loadTensorFlow({ threads: 1 });

/** Logits x · w of two features, and an auxiliary head with weights of its own. */
const LINEAR: Classifier = {
  weights: {
    w: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(0.5, -0.25, 1, 0.75) },
    head: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) },
  },
  buffers: {},
  inputs: {},
  train: ({ vars, x, trace, drop }) => {
    const features = tensorLayers(tf, {}, { kind: 'train', trace, drop }).dropout(x);
    return { logits: product(features, vars, 'w'), auxiliary: product(features, vars, 'head'), buffers: {} };
  },
  evaluate: ({ vars, x }) => product(x, vars, 'w'),
};
const product = (x: Tensor, vars: Tensors, name: string): Tensor =>
  tf.matMul(tf.reshape(x, [2, 2]), vars[name] as never);

const X = [1, 2, -1, 0.5];
const BATCH: Batch = { x: Float32Array.from(X), y: Int32Array.of(0, 1), valid: 2 };
const STEP: Omit<StepSettings, 'place'> = { learningRate: 0.5, seed: [1, 0] };

let compiled: CompiledImages;
afterEach(() => compiled.dispose());
const compile = async (recipe: object): Promise<void> => {
  const settings = recipeSchema.parse({ optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 }, ...recipe });
  compiled = await compileImages(tf, LINEAR, settings, [2, 1, 1, 2]);
};
const read = (name: string): number[] => Array.from(compiled.read()[name]?.data ?? []);

/** Mean cross entropy of x · w and its gradient, in plain numbers. */
const plain = (w: readonly number[]): { loss: number; gradient: number[] } => {
  let loss = 0;
  const gradient = [0, 0, 0, 0];
  for (const i of [0, 1]) {
    const x = X.slice(2 * i, 2 * i + 2) as [number, number];
    const z = [0, 1].map((k) => x[0] * (w[k] as number) + x[1] * (w[2 + k] as number));
    const sum = z.reduce((total, value) => total + Math.exp(value), 0);
    loss += (Math.log(sum) - (z[i] as number)) / 2;
    for (const k of [0, 1]) {
      const error = (Math.exp(z[k] as number) / sum - (k === i ? 1 : 0)) / 2;
      gradient[k] = (gradient[k] as number) + error * x[0];
      gradient[2 + k] = (gradient[2 + k] as number) + error * x[1];
    }
  }
  return { loss, gradient };
};
const START = [0.5, -0.25, 1, 0.75];
const closeTo = (actual: readonly number[], expected: readonly number[]): void =>
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 5));

describe('compileModel', () => {
  it('averages weights by the decay and evaluates by the average', async () => {
    await compile({ emaDecay: 0.75, clipNorm: 0 });
    let weights = START;
    let average = START;
    for (let i = 0; i < 3; i++) {
      const { loss } = compiled.train(BATCH, STEP);
      expect(loss / 2).toBeCloseTo(plain(weights).loss, 5);
      const { gradient } = plain(weights);
      weights = weights.map((w, k) => w - 0.5 * (gradient[k] as number));
      average = average.map((a, k) => 0.75 * a + 0.25 * (weights[k] as number));
      closeTo(read('weights/w'), weights);
      closeTo(read('average/w'), average);
    }
    expect(compiled.evaluate(BATCH).loss / 2).toBeCloseTo(plain(average).loss, 5);
    expect(plain(average).loss).not.toBeCloseTo(plain(weights).loss, 3);
  });

  it.each([0, 0.4])('weighs the auxiliary loss, by %d', async (auxiliaryWeight) => {
    await compile({ auxiliaryWeight, clipNorm: 0 });
    const { gradient } = plain([1, 0, 0, 1]);
    compiled.train(BATCH, STEP);
    closeTo(
      read('weights/head'),
      [1, 0, 0, 1].map((w, k) => w - 0.5 * auxiliaryWeight * (gradient[k] as number)),
    );
  });

  it('bounds the common norm of all gradients', async () => {
    await compile({ clipNorm: 0.01 });
    compiled.train(BATCH, STEP);
    const moved = read('weights/w').map((w, k) => w - (START[k] as number));
    expect(Math.hypot(...moved)).toBeCloseTo(0.5 * 0.01, 5);
  });

  it('drops features with the recipe’s probability and rescales the others, by seed', async () => {
    await compile({ dropout: 0.5, optimizer: { kind: 'sgd', learningRate: 1, momentum: 0, weightDecay: 0 } });
    const before = compiled.read();
    const losses = Array.from({ length: 40 }, (_, step) => {
      compiled.write(before);
      return compiled.train(BATCH, { ...STEP, seed: [1, step] }).loss / 2;
    });
    compiled.write(before);
    expect(compiled.train(BATCH, { ...STEP, seed: [1, 7] }).loss / 2).toBe(losses[7]);
    // Four features, each kept or not: every loss is that of one of sixteen masks of x, doubled where kept.
    const masks = Array.from({ length: 16 }, (_, mask) => X.map((x, k) => ((mask >> k) & 1 ? 2 * x : 0)));
    const possible = masks.map((x) =>
      [0, 1].reduce((total, i) => {
        const z = [0, 1].map((k) => x[2 * i]! * START[k]! + x[2 * i + 1]! * START[2 + k]!);
        return total + (Math.log(Math.exp(z[0]!) + Math.exp(z[1]!)) - z[i]!) / 2;
      }, 0),
    );
    for (const loss of losses)
      expect(Math.min(...possible.map((p) => Math.abs(p - loss)))).toBeLessThan(1e-5);
    expect(new Set(losses.map((loss) => loss.toFixed(4))).size).toBeGreaterThan(5);
  });
});
