import type { OneJobChoice } from '../../search/one-job/registry.ts';
import { snasPlan } from '../../search/one-job/snas.ts';
import type { Recipe } from '../../task/recipe.ts';
import { deriveSeed } from '../../core/random.ts';
import { lossAndGradients } from '../graph/gradients.ts';
import { adam } from '../optimizers/adam.ts';
import { clipByGlobalNorm } from '../optimizers/clip.ts';
import { optimizerOf } from '../optimizers/from-recipe.ts';
import type { HostTensor } from '../program.ts';
import type { Tensor, Tf } from '../graph/tensor.ts';
import type { Mixture } from '../tasks/tensor-task.ts';
import { mixtureProgram } from './mixture-search.ts';
import type { MixtureCall, MixtureStrategy } from './mixture-strategy.ts';
import { logResource } from './resource-term.ts';
import { group, mapValues, prefixed } from '../graph/variable-groups.ts';

type SnasSettings = OneJobChoice<'snas'>;

/**
 * Weight λ of the resource loss. `mild` is that of the authors' published command (SNAS-Series/SNAS-Series
 * 9a43adb, SNAS/README.md:27; the network released beside it is that of the mild constraint, README.md:55).
 * Neither paper nor code says the values of the other two levels: here they are three and ten times as
 * strong.
 */
export const RESOURCE_WEIGHTS = {
  none: 0,
  mild: 1.5e-3,
  moderate: 4.5e-3,
  aggressive: 1.5e-2,
} as const satisfies Record<SnasSettings['resourceConstraint'], number>;

/** Limit of the norm of the alphas' gradient (SNAS/train_search.py:505). */
const ALPHA_CLIP = 10;

/** Temperature of a step's samples: linear in epochs from `initial` to `final`, which the last epoch has. */
export const temperatureAt = (
  { initial, final }: SnasSettings['temperature'],
  epoch: number,
  epochs: number,
): number => (epochs === 1 ? initial : initial + ((final - initial) * epoch) / (epochs - 1));

/** Keeps −ln(−ln u) finite at both ends of [0, 1). */
const EDGE_OF_UNIT = 1e-7;

/**
 * A sample of the concrete distribution (Maddison et al. 2017; Xie et al. 2019, eq. 6): softmax((log α + G) /
 * λ) with G standard Gumbel, from uniform numbers [edges, operations]. Differentiable in log α.
 */
export const concreteSample = (tf: Tf, logAlphas: Tensor, uniform: Tensor, temperature: Tensor): Tensor => {
  const u = tf.clipByValue(uniform, EDGE_OF_UNIT, 1 - EDGE_OF_UNIT);
  const gumbel = tf.neg(tf.log(tf.neg(tf.log(u))));
  return tf.softmax(tf.div(tf.add(logAlphas, gumbel), temperature));
};

/** What a step adds to the cross entropy. */
export interface ResourceLoss {
  readonly weight: number;
  readonly ratio: number;
}

/** Where a step's uniform numbers come from, [edges, operations] for a kind of cell. */
export type Noise = (call: MixtureCall, kind: string) => Tensor;

/**
 * One step: a sample of every kind of cell, cross entropy plus resource loss of one minibatch, and a move of
 * weights and alphas, whose gradients are clipped each for themselves.
 */
export const snasStep = (
  tf: Tf,
  { architecture, dropPath }: Pick<SnasSettings, 'architecture' | 'dropPath'>,
  recipe: Recipe,
  {
    mixture,
    resource,
    noise,
  }: { readonly mixture: Pick<Mixture, 'edgeCosts'>; readonly resource: ResourceLoss; readonly noise: Noise },
): Pick<MixtureStrategy, 'alphaOptimizer' | 'step'> => {
  const optimizer = optimizerOf(recipe.optimizer);
  const alphaOptimizer = adam({ ...architecture, epsilon: 1e-8 });
  const costs = resource.weight === 0 ? undefined : mixture.edgeCosts?.();

  return {
    alphaOptimizer,
    step: (call) => {
      const { weights, alphas, training, learningRate, trace } = call;
      const { temperature, dropSeed } = call.inputs as Record<'temperature' | 'dropSeed', Tensor>;
      const drop = dropPath > 0 ? { dropPath: tf.scalar(dropPath), seed: dropSeed } : undefined;
      const named = { ...prefixed('weights', weights), ...prefixed('alphas', alphas) };
      const { loss, gradients, extra } = lossAndGradients(tf, trace, named, () => {
        const edges = mapValues(alphas, (logAlphas, kind) =>
          concreteSample(tf, logAlphas, noise(call, kind), temperature),
        );
        const forward = call.forward(weights, edges, training, drop);
        if (costs === undefined) return forward;
        const resources = logResource(tf, costs, edges, resource.ratio);
        return { loss: tf.add(forward.loss, tf.mul(resources, resource.weight)), extra: forward.extra };
      });
      const moved = optimizer.update(tf, {
        params: weights,
        gradients: clipByGlobalNorm(tf, group('weights', gradients), recipe.clipNorm).gradients,
        slots: call.slots.weights,
        learningRate,
      });
      const movedAlphas = alphaOptimizer.update(tf, {
        params: alphas,
        gradients: clipByGlobalNorm(tf, group('alphas', gradients), ALPHA_CLIP).gradients,
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

/**
 * SNAS (Xie et al. 2019, §2.2 to 2.4): every step samples relaxed one-hot edges from the concrete
 * distribution, one sample for all cells of a kind, and moves weights and log α by one training minibatch's
 * loss plus λ times `logResource` of the sample. Drop-path falls on the sum of an edge, identity or not, with
 * the same probability in every step (SNAS/model_search.py:104–106: its exception for the identity never
 * holds, because an edge is no `Identity`).
 *
 * Deviations from the authors' code (SNAS-Series/SNAS-Series 9a43adb): in the space darts-cnn its child
 * network keeps every edge with its strongest operation, `none` included (model_search.py:726–756); here each
 * node keeps two edges by DARTS' rule, so that cells belong to the space. Its temperature is one epoch
 * further along the same line (utils.py:137–148: 1 − 0.97/150 in the first of 150 epochs). Its command on one
 * GPU moves the alphas by plain SGD, the one on several by Adam (train_search.py:247–271): here always by
 * Adam.
 */
export const snasStrategy = (
  tf: Tf,
  settings: SnasSettings,
  recipe: Recipe,
  { mixture, seed }: { readonly mixture: Pick<Mixture, 'kinds' | 'edgeCosts'>; readonly seed: number },
): MixtureStrategy => {
  const { temperature, resourceConstraint, dropPath } = settings;
  const kinds = Object.keys(mixture.kinds);
  const samplesSeed = deriveSeed(seed, 'samples');
  const masksSeed = deriveSeed(seed, 'masks');
  const noise: Noise = ({ trace, alphas, inputs }, kind) => {
    const which = tf.tensor1d([0, kinds.indexOf(kind)], 'int32');
    return trace.uniform((alphas[kind] as Tensor).shape, tf.add(inputs['seed'] as Tensor, which));
  };

  return {
    ...snasStep(tf, settings, recipe, {
      mixture,
      resource: { weight: RESOURCE_WEIGHTS[resourceConstraint], ratio: 1 },
      noise,
    }),
    initialAlphas: { mean: 1, deviation: 0.01 },
    plan: snasPlan(settings),
    inputs: {
      temperature: { shape: [], dtype: 'float32' },
      seed: { shape: [2], dtype: 'int32' },
      ...(dropPath > 0 && { dropSeed: { shape: [2], dtype: 'int32' } }),
    },
    inputsAt: (update, stepsPerEpoch) => {
      const value = temperatureAt(temperature, Math.floor(update / stepsPerEpoch), recipe.epochs);
      const pair = (data: Int32Array): HostTensor => ({ dtype: 'int32', shape: [2], data });
      return {
        temperature: { dtype: 'float32', shape: [], data: Float32Array.of(value) },
        // A seed for each kind of cell.
        seed: pair(Int32Array.of(samplesSeed, kinds.length * update)),
        ...(dropPath > 0 && { dropSeed: pair(Int32Array.of(masksSeed, update)) }),
      };
    },
  };
};

export const snasProgram = mixtureProgram<'snas'>(({ strategy, recipe, seed }, mixture, { tf }) =>
  snasStrategy(tf, strategy, recipe, { mixture, seed }),
);
