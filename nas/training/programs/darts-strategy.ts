import { dartsPlan } from '../../search/one-job/darts.ts';
import type { OneJobChoice } from '../../search/one-job/registry.ts';
import type { Recipe } from '../../task/recipe.ts';
import { lossAndGradients } from '../graph/gradients.ts';
import { adam } from '../optimizers/adam.ts';
import { clipByGlobalNorm } from '../optimizers/clip.ts';
import { optimizerOf } from '../optimizers/from-recipe.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import { mixtureProgram } from './mixture-search.ts';
import type { MixtureBatch, MixtureCall, MixtureMove, MixtureStrategy } from './mixture-strategy.ts';
import type { Mixture } from '../tasks/tensor-task.ts';
import { clippedUnrolling } from './clipped-unrolling.ts';
import { unrolledGradient, type LossGradients, type StepAhead } from './unrolled-gradient.ts';
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
 * code also lets the passes of the architecture gradient at w and w ± εv move them (quark0/darts f276dd3,
 * `cnn/architect.py:20–30, 43–58, 76–92`).
 */
export const dartsStrategy = (
  tf: Tf,
  settings: DartsSettings,
  recipe: Recipe,
  { tied }: Pick<Mixture, 'tied'> = {},
): MixtureStrategy => {
  const { optimization, architecture, unrolling } = settings;
  const optimizer = optimizerOf(recipe.optimizer);
  const joint = optimization === 'joint-sgd';
  const alphaOptimizer = joint ? optimizer : adam({ ...architecture, epsilon: 1e-8 });

  /** Of the loss that moves the weights, or, of the alphas', that without regularisers. */
  const differentiate = (
    call: MixtureCall,
    weights: Tensors,
    alphas: Tensors,
    batch: MixtureBatch,
    of: 'loss' | 'main',
  ) => {
    const named = { ...prefixed('weights', weights), ...prefixed('alphas', alphas) };
    const { loss, gradients, extra } = lossAndGradients(tf, call.trace, named, () => {
      const edges = mapValues(alphas, (kind) => tf.softmax(kind));
      const forward = call.forward(weights, edges, batch);
      return of === 'loss' ? forward : { ...forward, loss: forward.extra['main'] as Tensor };
    });
    const both: LossGradients = { weights: group('weights', gradients), alphas: group('alphas', gradients) };
    return { loss, extra, ...both };
  };

  /** The step of the weights that the alphas look ahead to. */
  const stepAhead = ({ weights, slots, learningRate }: MixtureCall) =>
    unrolling === undefined
      ? {
          unroll: (gradients: Tensors): StepAhead => ({
            weights: optimizer.update(tf, { params: weights, gradients, slots: slots.weights, learningRate })
              .params,
            rate: learningRate,
          }),
        }
      : clippedUnrolling(tf, {
          weights,
          maxNorm: recipe.clipNorm,
          weightDecay: recipe.optimizer.weightDecay,
          learningRate,
          unmoved: unrolling === 'clipped-as-released' && tied !== undefined ? [tied] : [],
        });

  const architectureGradient = (
    call: MixtureCall,
  ): { readonly alphas: Tensors; readonly searched: Tensors } => {
    const { weights, alphas, training } = call;
    const search = call.search as MixtureBatch;
    if (optimization !== 'second-order') {
      const { alphas: gradients, extra } = differentiate(call, weights, alphas, search, 'main');
      return { alphas: gradients, searched: extra };
    }
    let searched: Tensors = {};
    const gradients = unrolledGradient(tf, {
      weights,
      training: (at) => differentiate(call, at, alphas, training, 'main'),
      validation: (at) => {
        const { extra, ...of } = differentiate(call, at, alphas, search, 'main');
        searched = extra;
        return of;
      },
      ...stepAhead(call),
    });
    return { alphas: gradients, searched };
  };

  const moveAlphas = (call: MixtureCall, gradients: Tensors) =>
    alphaOptimizer.update(tf, {
      params: call.alphas,
      gradients,
      slots: call.slots.alphas,
      learningRate: joint ? call.learningRate : tf.scalar(architecture.learningRate),
    });

  const step = (call: MixtureCall): MixtureMove => {
    const searching = joint ? undefined : architectureGradient(call);
    const before = searching && moveAlphas(call, searching.alphas);
    const { loss, extra, ...gradients } = differentiate(
      call,
      call.weights,
      before?.params ?? call.alphas,
      call.training,
      'loss',
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
      ...(searching && { searched: searching.searched }),
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

export const dartsProgram = mixtureProgram<'darts'>(({ strategy, recipe }, mixture, { tf }) =>
  dartsStrategy(tf, strategy, recipe, mixture),
);
