import type { OneJobChoice } from '../../search/one-job/registry.ts';
import { SNAS_PLAN } from '../../search/one-job/snas.ts';
import type { Recipe } from '../../task/recipe.ts';
import { deriveSeed } from '../../core/random.ts';
import { lossAndGradients } from '../graph/gradients.ts';
import { adam } from '../optimizers/adam.ts';
import { clipByGlobalNorm } from '../optimizers/clip.ts';
import { optimizerOf } from '../optimizers/from-recipe.ts';
import type { Supernet } from '../supernets/supernet.ts';
import type { Tensor, Tf } from '../graph/tensor.ts';
import { edgeCosts } from './edge-costs.ts';
import { mixtureProgram } from './mixture-search.ts';
import type { MixtureStrategy } from './mixture-strategy.ts';
import { group, mapValues, prefixed } from '../graph/variable-groups.ts';

type SnasSettings = OneJobChoice<'snas'>;

/**
 * Weight λ of the resource loss. The paper names three levels without their values; `mild` is that of the authors'
 * published command, the others are three and ten times as strong.
 */
export const RESOURCE_WEIGHTS = {
  none: 0,
  mild: 0.01,
  moderate: 0.03,
  aggressive: 0.1,
} as const satisfies Record<SnasSettings['resourceConstraint'], number>;

/** Temperature of a step's samples: linear in epochs from `initial` to `final`, which the last epoch has. */
export const temperatureAt = (
  { initial, final }: SnasSettings['temperature'],
  epoch: number,
  epochs: number,
): number => (epochs === 1 ? initial : initial + ((final - initial) * epoch) / (epochs - 1));

/** Keeps −ln(−ln u) finite at both ends of [0, 1). */
const EDGE_OF_UNIT = 1e-7;

/**
 * A sample of the concrete distribution (Maddison et al. 2017; Xie et al. 2019, eq. 6): softmax((log α + G) / λ) with G standard
 * Gumbel, from uniform numbers [edges, operations]. Differentiable in log α.
 */
export const concreteSample = (tf: Tf, logAlphas: Tensor, uniform: Tensor, temperature: Tensor): Tensor => {
  const u = tf.clipByValue(uniform, EDGE_OF_UNIT, 1 - EDGE_OF_UNIT);
  const gumbel = tf.neg(tf.log(tf.neg(tf.log(u))));
  return tf.softmax(tf.div(tf.add(logAlphas, gumbel), temperature));
};

/**
 * SNAS (Xie et al. 2019, §2.2 to 2.4): every step samples relaxed one-hot edges from the concrete distribution, one sample for all
 * cells of a kind, and moves weights and log α by one training minibatch's loss plus λ ln C(Z), C(Z) the cost of the sampled
 * edges (`edgeCosts`). Its logarithm follows the authors' published command.
 *
 * Deviation: in the space darts-cnn the paper's child network keeps every edge with its strongest operation; here each node
 * keeps two edges by DARTS' rule, so that cells belong to the space.
 */
export const snasStrategy = (
  tf: Tf,
  settings: SnasSettings,
  recipe: Recipe,
  { supernet, seed }: { readonly supernet: Supernet; readonly seed: number },
): MixtureStrategy => {
  const { architecture, temperature, resourceConstraint } = settings;
  const optimizer = optimizerOf(recipe.optimizer);
  const alphaOptimizer = adam({ ...architecture, epsilon: 1e-8 });
  const weight = RESOURCE_WEIGHTS[resourceConstraint];
  const costs = edgeCosts(supernet);
  const kinds = Object.keys(supernet.kinds);
  const samplesSeed = deriveSeed(seed, 'samples');

  return {
    alphaOptimizer,
    initialAlphas: { mean: 1, deviation: 0.01 },
    plan: SNAS_PLAN,
    inputs: {
      temperature: { shape: [], dtype: 'float32' },
      seed: { shape: [2], dtype: 'int32' },
    },
    inputsAt: (update, stepsPerEpoch) => {
      const value = temperatureAt(temperature, Math.floor(update / stepsPerEpoch), recipe.epochs);
      return {
        temperature: { dtype: 'float32', shape: [], data: Float32Array.of(value) },
        // A seed for each kind of cell.
        seed: { dtype: 'int32', shape: [2], data: Int32Array.of(samplesSeed, kinds.length * update) },
      };
    },
    step: (call) => {
      const { weights, alphas, training, learningRate, trace } = call;
      const { temperature, seed } = call.inputs as Record<'temperature' | 'seed', Tensor>;
      const named = { ...prefixed('weights', weights), ...prefixed('alphas', alphas) };
      const { loss, gradients, extra } = lossAndGradients(tf, trace, named, () => {
        const edges = mapValues(alphas, (logAlphas, kind) => {
          const which = tf.tensor1d([0, kinds.indexOf(kind)], 'int32');
          const uniform = trace.uniform(logAlphas.shape, tf.add(seed, which));
          return concreteSample(tf, logAlphas, uniform, temperature);
        });
        const forward = call.forward(weights, edges, training);
        if (weight === 0) return forward;
        const cost = ([kind, sample]: [string, Tensor]): Tensor =>
          tf.sum(tf.mul(sample, tf.tensor(costs[kind] as Float32Array, sample.shape)));
        const resources = tf.log(tf.addN(Object.entries(edges).map(cost)));
        return { loss: tf.add(forward.loss, tf.mul(resources, weight)), extra: forward.extra };
      });
      const moved = optimizer.update(tf, {
        params: weights,
        gradients: clipByGlobalNorm(tf, group('weights', gradients), recipe.clipNorm).gradients,
        slots: call.slots.weights,
        learningRate,
      });
      const movedAlphas = alphaOptimizer.update(tf, {
        params: alphas,
        gradients: group('alphas', gradients),
        slots: call.slots.alphas,
        learningRate: tf.scalar(architecture.learningRate),
      });
      return {
        loss,
        extra,
        weights: moved.params,
        alphas: movedAlphas.params,
        slots: { weights: moved.slots, alphas: movedAlphas.slots },
      };
    },
  };
};

export const snasProgram = mixtureProgram<'snas'>(({ strategy, recipe, seed }, supernet, { tf }) =>
  snasStrategy(tf, strategy, recipe, { supernet, seed }),
);
