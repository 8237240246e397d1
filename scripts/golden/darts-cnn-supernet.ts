import { PRIMITIVES } from '../../nas/space/cell-genotype.ts';
import { compileGraph, type CompiledGraph, type FunctionSpec } from '../../nas/training/graph/compile.ts';
import { countParameters, parameterNames } from '../../nas/training/layers/counting.ts';
import { clipByGlobalNorm } from '../../nas/training/optimizers/clip.ts';
import { sgd } from '../../nas/training/optimizers/sgd.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { dartsSupernet } from '../../nas/training/supernets/darts-supernet.ts';
import { describeSupernet } from '../../nas/training/supernets/supernet.ts';
import type { Tensor, Tensors, Tf } from '../../nas/training/graph/tensor.ts';
import { exactSecondOrder } from './exact-second-order.ts';
import { withPrefix, type Check, type TensorFixture } from './fixture.ts';
import { compareAll } from './compare-all.ts';
import { explainedByKink } from './explained-by-kink.ts';
import { dartsStep } from './darts-step.ts';
import { fromTorch, imagesFromNchw } from './layouts.ts';
import { ALPHAS, evaluate, forwardBackward } from './mixture-functions.ts';
import { secondOrder } from './second-order.ts';
import { supernetConfigSchema, type Differentiate, type SupernetConfig } from './supernet-config.ts';
import { fixtureVariables } from './variables.ts';

/** A batch's names in the fixture. */
export const batchOf = (fixture: TensorFixture, split: 'train' | 'valid'): Record<string, HostTensor> => ({
  x: imagesFromNchw(fixture.tensors[`input.${split}.x`] as HostTensor),
  y: fixture.tensors[`input.${split}.y`] as HostTensor,
});

const softmax = (tf: Tf, alphas: Tensor): Tensor => tf.softmax(alphas);

/** One clipped SGD step from the fixture's momentum, and one unclipped (the unrolled weights). */
const weightSteps = (
  tf: Tf,
  config: SupernetConfig,
  params: Readonly<Record<string, HostTensor>>,
): FunctionSpec => {
  const names = Object.keys(params);
  const inputs = Object.fromEntries(
    names.flatMap((name) => {
      const spec = { shape: (params[name] as HostTensor).shape, dtype: 'float32' } as const;
      return [
        [`grad.${name}`, spec],
        [`momentum.${name}`, spec],
      ];
    }),
  );
  return {
    inputs,
    body: (vars, inputs) => {
      const pick = (prefix: string): Tensors =>
        Object.fromEntries(names.map((name) => [name, inputs[prefix + name] as Tensor]));
      const optimizer = sgd({
        momentum: config.momentum,
        nesterov: false,
        weightDecay: config.weight_decay,
      });
      const clipped = clipByGlobalNorm(tf, pick('grad.'), config.grad_clip);
      const state = {
        params: Object.fromEntries(names.map((name) => [name, vars[name] as Tensor])),
        slots: Object.fromEntries(
          names.map((name) => [`${name}/momentum`, inputs[`momentum.${name}`] as Tensor]),
        ),
        learningRate: tf.scalar(config.eta),
      };
      const step = optimizer.update(tf, { ...state, gradients: clipped.gradients });
      const unrolled = optimizer.update(tf, { ...state, gradients: pick('grad.') });
      const named = (prefix: string, tensors: Tensors): Tensors =>
        Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
      return {
        outputs: {
          clip_total_norm: clipped.norm,
          ...named('sgd_step.', step.params),
          ...named('unrolled_w.', unrolled.params),
        },
      };
    },
  };
};

const prefixed = (
  prefix: string,
  tensors: Readonly<Record<string, HostTensor>>,
): Record<string, HostTensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));

/**
 * DARTS' search network (`eval_logits` are by the statistics after one training forward): forward, gradients
 * of weights and alphas, statistics, one step of each optimiser, and the second-order architecture gradient.
 */
export const checkDartsCnnSupernet = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const config = supernetConfigSchema.parse(fixture.config);
  if (config.primitives.join() !== PRIMITIVES.join())
    throw new Error(`primitives ${config.primitives.join()}: allowed: ${PRIMITIVES.join()}`);
  const train = batchOf(fixture, 'train');
  const valid = batchOf(fixture, 'valid');
  const images = (train.x as HostTensor).shape as [number, number, number, number];
  const spec = dartsSupernet({
    size: { channels: config.C, layers: config.layers, stem: 'cifar' },
    image: [images[1], images[2], images[3]],
    classes: config.num_classes,
  });
  const description = describeSupernet(spec);
  const variables = fixtureVariables(fixture, description.declarations);
  const { weights } = parameterNames(description);
  const params = Object.fromEntries(weights.map((name) => [name, variables[name] as HostTensor]));
  const alphas = {
    alphas_normal: fixture.tensors['input.alphas_normal'] as HostTensor,
    alphas_reduce: fixture.tensors['input.alphas_reduce'] as HostTensor,
  };
  const graph: CompiledGraph = await compileGraph(tf, {
    variables,
    functions: {
      differentiate: forwardBackward(tf, spec, weights, images, softmax),
      evaluate: evaluate(tf, spec, images, softmax),
      weightSteps: weightSteps(tf, config, params),
    },
  });
  try {
    const differentiate: Differentiate = (split) =>
      graph.call('differentiate', { ...(split === 'train' ? train : valid), ...alphas });
    const onTrain = differentiate('train');
    const onValid = differentiate('valid');
    const gradients = Object.fromEntries(
      weights.map((name) => [name, onTrain[`grad.${name}`] as HostTensor]),
    );
    const momentum = Object.fromEntries(
      Object.entries(withPrefix(fixture.tensors, 'input.momentum.')).map(([name, tensor]) => [
        name,
        fromTorch(tensor, (params[name] as HostTensor).shape),
      ]),
    );
    const steps = graph.call('weightSteps', {
      ...prefixed('grad.', gradients),
      ...prefixed('momentum.', momentum),
    });
    const alphaGradients = Object.fromEntries(
      ALPHAS.map((name) => [`grad.${name}`, onValid[`grad.${name}`] as HostTensor]),
    );
    const { results: unrolled, valid: atUnrolled } = secondOrder({
      graph,
      config,
      params,
      unrolled: withPrefix(steps, 'unrolled_w.'),
      gradients,
      differentiate,
    });
    const exact = await exactSecondOrder(tf, {
      spec,
      variables,
      weights,
      train: { ...train, ...alphas },
      valid: atUnrolled,
      eta: config.eta,
    });
    const step = await dartsStep(tf, { spec, config, variables, alphas, momentum, train, valid });
    const statistics = withPrefix(onTrain, 'after1.');
    graph.write(statistics);
    const actual: Record<string, HostTensor> = {
      ...prefixed('grad.', gradients),
      ...alphaGradients,
      'grad_train.alphas_normal': onTrain['grad.alphas_normal'] as HostTensor,
      'grad_train.alphas_reduce': onTrain['grad.alphas_reduce'] as HostTensor,
      'output.logits': onTrain.logits as HostTensor,
      'output.loss': onTrain.loss as HostTensor,
      'output.valid_logits': onValid.logits as HostTensor,
      'output.valid_loss': onValid.loss as HostTensor,
      ...prefixed('output.', steps),
      ...prefixed('output.after1.', statistics),
      'output.eval_logits': graph.call('evaluate', { x: train.x as HostTensor, ...alphas })
        .logits as HostTensor,
      ...unrolled,
      ...step,
      ...exact.gradients,
    };
    return [
      {
        name: 'parameters',
        difference: Math.abs(countParameters(description) - config.param_count),
        tolerance: 0,
      },
      ...explainedByKink(fixture, compareAll(fixture, actual), exact.nearest),
    ];
  } finally {
    graph.dispose();
  }
};
