import { dartsPlan } from '../../search/one-job/darts.ts';
import type { OneJobChoice } from '../../search/one-job/registry.ts';
import type { Recipe } from '../../task/recipe.ts';
import { lossAndGradients } from '../graph/gradients.ts';
import { adam } from '../optimizers/adam.ts';
import { clipByGlobalNorm } from '../optimizers/clip.ts';
import { optimizerOf } from '../optimizers/from-recipe.ts';
import type { Tensors, Tf } from '../graph/tensor.ts';
import { mixtureProgram } from './mixture-search.ts';
import type { LabelledBatch, MixtureCall, MixtureMove, MixtureStrategy } from './mixture-strategy.ts';
import { unrolledGradient, type LossGradients } from './unrolled-gradient.ts';
import { group, mapValues, prefixed } from '../graph/variable-groups.ts';

type DartsSettings = OneJobChoice<'darts'>;

/**
 * DARTS (Liu et al. 2019, §2.3, algorithm 1): each step first moves the alphas by the validation loss, with
 * or without the second order term, then the weights by the training loss at the new alphas. The two
 * ablations of §3.1.1 train on both halves: `coordinate-descent` alternates alike on two minibatches of the
 * union; `joint-sgd` moves alphas and weights together by one gradient, the alphas by the weights' own
 * optimiser.
 *
 * Deviation: only the pass that moves the weights moves the batch norms' running statistics; the authors'
 * code also lets the passes of the architecture gradient at w and w ± εv move them.
 */
export const dartsStrategy = (tf: Tf, settings: DartsSettings, recipe: Recipe): MixtureStrategy => {
  const { optimization, architecture } = settings;
  const optimizer = optimizerOf(recipe.optimizer);
  const joint = optimization === 'joint-sgd';
  const alphaOptimizer = joint ? optimizer : adam({ ...architecture, epsilon: 1e-8 });

  const differentiate = (call: MixtureCall, weights: Tensors, alphas: Tensors, batch: LabelledBatch) => {
    const named = { ...prefixed('weights', weights), ...prefixed('alphas', alphas) };
    const { loss, gradients, extra } = lossAndGradients(tf, call.trace, named, () => {
      const edges = mapValues(alphas, (of) => tf.softmax(of));
      return call.forward(weights, edges, batch);
    });
    const both: LossGradients = { weights: group('weights', gradients), alphas: group('alphas', gradients) };
    return { loss, extra, ...both };
  };

  const architectureGradient = (call: MixtureCall): Tensors => {
    const { weights, alphas, training } = call;
    const search = call.search as LabelledBatch;
    if (optimization !== 'second-order') return differentiate(call, weights, alphas, search).alphas;
    return unrolledGradient(tf, {
      weights,
      training: (at) => differentiate(call, at, alphas, training),
      validation: (at) => differentiate(call, at, alphas, search),
      unroll: (gradients) => ({
        weights: optimizer.update(tf, {
          params: weights,
          gradients,
          slots: call.slots.weights,
          learningRate: call.learningRate,
        }).params,
        rate: call.learningRate,
      }),
    });
  };

  const moveAlphas = (call: MixtureCall, gradients: Tensors) =>
    alphaOptimizer.update(tf, {
      params: call.alphas,
      gradients,
      slots: call.slots.alphas,
      learningRate: joint ? call.learningRate : tf.scalar(architecture.learningRate),
    });

  const step = (call: MixtureCall): MixtureMove => {
    const before = joint ? undefined : moveAlphas(call, architectureGradient(call));
    const { loss, extra, ...gradients } = differentiate(
      call,
      call.weights,
      before?.params ?? call.alphas,
      call.training,
    );
    const moved = optimizer.update(tf, {
      params: call.weights,
      gradients: clipByGlobalNorm(tf, gradients.weights, recipe.clipNorm).gradients,
      slots: call.slots.weights,
      learningRate: call.learningRate,
    });
    const alphas = before ?? moveAlphas(call, gradients.alphas);
    return {
      loss,
      extra,
      weights: moved.params,
      alphas: alphas.params,
      slots: { weights: moved.slots, alphas: alphas.slots },
    };
  };

  return {
    alphaOptimizer,
    initialAlphas: { mean: 0, deviation: 1e-3 },
    plan: dartsPlan(settings),
    stopsEarly: settings.diagnostics?.earlyStopping === true,
    inputs: {},
    inputsAt: () => ({}),
    step,
  };
};

export const dartsProgram = mixtureProgram<'darts'>(({ strategy, recipe }, _supernet, { tf }) =>
  dartsStrategy(tf, strategy, recipe),
);
