import { z } from 'zod';
import { recipeSchema } from '../../nas/task/images/recipe.ts';
import { ONE_JOB_SEARCHES } from '../../nas/search/one-job/registry.ts';
import { PRIMITIVES } from '../../nas/space/cell-genotype.ts';
import { compileGraph, type FunctionSpec } from '../../nas/training/graph/compile.ts';
import { lossAndGradients } from '../../nas/training/graph/gradients.ts';
import type { Tensor, Tensors, Tf } from '../../nas/training/graph/tensor.ts';
import { prefixed } from '../../nas/training/graph/variable-groups.ts';
import { countParameters, parameterNames } from '../../nas/training/layers/counting.ts';
import { planCells } from '../../nas/training/networks/cell-plan.ts';
import { splitVariables } from '../../nas/training/networks/split-variables.ts';
import { clipByGlobalNorm } from '../../nas/training/optimizers/clip.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { imageClassification } from '../../nas/training/tasks/images/image-classification.ts';
import { imageBatch, imageShapes } from '../../nas/training/tasks/images/image-data.ts';
import { imageMixture } from '../../nas/training/tasks/images/image-mixture.ts';
import { compileMixture } from '../../nas/training/programs/compiled-mixture.ts';
import { edgeCosts } from '../../nas/training/tasks/images/edge-costs.ts';
import { logResource } from '../../nas/training/programs/resource-term.ts';
import { concreteSample, snasStep, snasStrategy } from '../../nas/training/programs/snas-strategy.ts';
import { dartsSupernet } from '../../nas/training/supernets/darts-supernet.ts';
import { mixtureSupernet } from '../../nas/training/supernets/mixture.ts';
import { describeSupernet, type Supernet } from '../../nas/training/supernets/supernet.ts';
import { crossEntropy } from '../../nas/training/tasks/images/losses.ts';
import { compareAll } from './compare-all.ts';
import { tensorOf, type Check, type TensorFixture } from './fixture.ts';
import { imagesFromNchw } from './layouts.ts';
import { alphaSpec } from './mixture-functions.ts';
import { otherEstimators, resourceOf } from './snas-estimators.ts';
import { fixtureVariables } from './variables.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

const KINDS = ['normal', 'reduce'] as const;
type Kind = (typeof KINDS)[number];

const configSchema = z.object({
  C: z.number().int(),
  layers: z.number().int(),
  steps: z.literal(4),
  multiplier: z.literal(4),
  stem_multiplier: z.literal(3),
  num_classes: z.number().int(),
  temperature: z.number().positive(),
  resource_lambda: z.number(),
  ratio: z.number(),
  primitives: z.array(z.string()),
  param_count: z.number().int(),
  sgd: z.object({ lr: z.number(), momentum: z.number(), weight_decay: z.number(), clip: z.number() }),
  arch_adam: z.object({
    lr: z.number(),
    betas: z.tuple([z.number(), z.number()]),
    weight_decay: z.number(),
    clip: z.literal(10),
  }),
});
type Config = z.infer<typeof configSchema>;

const scalar = (value: number): HostTensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

/** Costs by the place of a cell in the network, as the fixture names them. */
const costsByCell = (config: Config, costs: HostTensors): Record<string, HostTensor> => {
  const seen: Record<Kind, number> = { normal: 0, reduce: 0 };
  const size = { channels: config.C, layers: config.layers, stem: 'cifar' } as const;
  return Object.fromEntries(
    planCells(size).flatMap(({ reduction }, i) => {
      const kind = reduction ? 'reduce' : 'normal';
      const { data, shape } = costs[kind] as HostTensor;
      const [, measures, edges, operations] = shape as [number, number, number, number];
      const length = edges * operations;
      const first = seen[kind]++ * measures * length;
      return ['size', 'flops', 'mac'].map((measure, m): [string, HostTensor] => [
        `output.cost.${i}.${measure}`,
        {
          dtype: 'float32',
          shape: [edges, operations],
          data: data.slice(first + m * length, first + (m + 1) * length),
        },
      ]);
    }),
  );
};

/** Everything of a minibatch before any step: samples, losses and gradients, by the fixture's names. */
const forward = (
  tf: Tf,
  spec: Supernet,
  config: Config,
  weights: readonly string[],
  images: readonly number[],
): FunctionSpec => ({
  inputs: {
    x: { shape: images, dtype: 'float32' },
    y: { shape: [images[0] as number], dtype: 'int32' },
    ...prefixed('alphas', { normal: alphaSpec, reduce: alphaSpec }),
    ...prefixed('uniform', { normal: alphaSpec, reduce: alphaSpec }),
  },
  body: (vars, inputs, trace) => {
    const alphas: Tensors = Object.fromEntries(
      KINDS.map((kind) => [kind, inputs[`alphas/${kind}`] as Tensor]),
    );
    const costs = edgeCosts(spec);
    const temperature = tf.scalar(config.temperature);
    const sampled = (): Record<Kind, Tensor> => ({
      normal: concreteSample(tf, alphas['normal'] as Tensor, inputs['uniform/normal'] as Tensor, temperature),
      reduce: concreteSample(tf, alphas['reduce'] as Tensor, inputs['uniform/reduce'] as Tensor, temperature),
    });
    const ofWeights = Object.fromEntries(weights.map((name) => [name, vars[name] as Tensor]));
    const differentiated = { ...prefixed('weight', ofWeights), ...prefixed('alpha', alphas) };
    const total = lossAndGradients(tf, trace, differentiated, () => {
      const samples = sampled();
      const { logits, buffers } = mixtureSupernet(tf, spec, vars, inputs.x as Tensor, samples, {
        kind: 'train',
        trace,
      });
      const main = crossEntropy(tf, logits, inputs.y as Tensor);
      const resources = logResource(tf, costs, samples, config.ratio);
      const extra: Tensors = {
        'output.logits': logits,
        'output.cross_entropy': main,
        'output.log_resource': resources,
        'output.resource': resourceOf(tf, costs, samples, config.ratio),
        'output.sample.normal': samples.normal,
        'output.sample.reduce': samples.reduce,
        ...Object.fromEntries(
          Object.entries(buffers).map(([name, value]) => [`output.after1.${name}`, value]),
        ),
      };
      return { loss: tf.add(main, tf.mul(resources, config.resource_lambda)), extra };
    });
    const onlyResource = lossAndGradients(tf, trace, alphas, () => ({
      loss: logResource(tf, costs, sampled(), config.ratio),
      extra: {},
    }));
    const others = otherEstimators(tf, trace, { costs, alphas, sampled, ...config });
    const gradients = Object.fromEntries(
      weights.map((name) => [name, total.gradients[`weight/${name}`] as Tensor]),
    );
    const alphaGradients = Object.fromEntries(
      KINDS.map((kind) => [kind, total.gradients[`alpha/${kind}`] as Tensor]),
    );
    const outputs: Record<string, Tensor> = {
      ...total.extra,
      'output.loss': total.loss,
      'output.clip_total_norm': clipByGlobalNorm(tf, gradients, config.sgd.clip).norm,
      'output.alpha_total_norm': clipByGlobalNorm(tf, alphaGradients, config.arch_adam.clip).norm,
      ...Object.fromEntries(weights.map((name) => [`grad.${name}`, gradients[name] as Tensor])),
      ...others,
    };
    for (const kind of KINDS) {
      const whole = alphaGradients[kind] as Tensor;
      const resource = tf.mul(onlyResource.gradients[kind] as Tensor, config.resource_lambda);
      outputs[`grad.alphas_${kind}`] = whole;
      outputs[`grad_resource.alphas_${kind}`] = resource;
      outputs[`grad_cross_entropy.alphas_${kind}`] = tf.sub(whole, resource);
    }
    return { outputs };
  },
});

/** One step of the search program itself, from the fixture's weights and uniform numbers. */
const step = async (
  tf: Tf,
  spec: Supernet,
  config: Config,
  variables: HostTensors,
  given: HostTensors,
): Promise<HostTensors> => {
  const { sgd, arch_adam: adam } = config;
  const settings = ONE_JOB_SEARCHES.snas.schema.parse({
    name: 'snas',
    dropPath: 0,
    architecture: {
      learningRate: adam.lr,
      beta1: adam.betas[0],
      beta2: adam.betas[1],
      weightDecay: adam.weight_decay,
    },
  });
  const recipe = recipeSchema.parse({
    optimizer: { kind: 'sgd', learningRate: sgd.lr, momentum: sgd.momentum, weightDecay: sgd.weight_decay },
    clipNorm: sgd.clip,
  });
  const mixture = imageMixture(tf, spec, recipe, 0);
  const noise = prefixed('uniform', { normal: alphaSpec, reduce: alphaSpec });
  const strategy = {
    ...snasStrategy(tf, settings, recipe, { mixture, seed: 0 }),
    ...snasStep(tf, settings, recipe, {
      mixture,
      resource: { weight: config.resource_lambda, ratio: config.ratio },
      noise: ({ inputs }, kind) => inputs[`uniform/${kind}`] as Tensor,
    }),
    inputs: { temperature: { shape: [], dtype: 'float32' } as const, ...noise },
  };
  const network = splitVariables(variables, parameterNames(describeSupernet(spec)));
  const { x, y } = given as { x: HostTensor; y: HostTensor };
  const shape = x.shape as [number, number, number, number];
  const feed = imageShapes('training', shape);
  const compiled = await compileMixture(
    tf,
    strategy,
    { mixture: { ...mixture, model: { ...mixture.model, ...network } }, recipe, seed: 0 },
    { training: feed, evaluation: feed },
    imageClassification,
  );
  try {
    for (const kind of KINDS) compiled.write({ [`alphas/${kind}`]: given[`alphas/${kind}`] as HostTensor });
    compiled.step({
      training: imageBatch(shape, {
        x: x.data as Float32Array,
        y: y.data as Int32Array,
        valid: y.data.length,
      }),
      learningRate: sgd.lr,
      inputs: {
        temperature: scalar(config.temperature),
        ...Object.fromEntries(
          KINDS.map((kind) => [`uniform/${kind}`, given[`uniform/${kind}`] as HostTensor]),
        ),
      },
    });
    const after = compiled.read();
    return {
      ...Object.fromEntries(
        Object.keys(network.weights).map((name) => [
          `output.sgd_step.${name}`,
          after[`weights/${name}`] as HostTensor,
        ]),
      ),
      ...Object.fromEntries(
        KINDS.map((kind) => [`output.alphas_after_step.${kind}`, after[`alphas/${kind}`] as HostTensor]),
      ),
    };
  } finally {
    compiled.dispose();
  }
};

/**
 * SNAS' search network with given uniform numbers: samples, costs, losses and their gradients, and one step
 * of the search program. The two other estimators of the resource term, which no search here uses, are
 * compared too.
 */
export const checkSnasSupernet = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const config = configSchema.parse(fixture.config);
  if (config.primitives.join() !== PRIMITIVES.join())
    throw new Error(`primitives ${config.primitives.join()}: allowed: ${PRIMITIVES.join()}`);
  const tensor = (name: string): HostTensor => tensorOf(fixture, name);
  const x = imagesFromNchw(tensor('input.x'));
  const images = x.shape as [number, number, number, number];
  const spec = dartsSupernet({
    size: { channels: config.C, layers: config.layers, stem: 'cifar' },
    image: [images[1], images[2], images[3]],
    classes: config.num_classes,
  });
  const description = describeSupernet(spec);
  const variables = fixtureVariables(fixture, description.declarations);
  const { weights } = parameterNames(description);
  const given = {
    x,
    y: tensor('input.y'),
    ...Object.fromEntries(
      KINDS.flatMap((kind) => [
        [`alphas/${kind}`, tensor(`input.alphas_${kind}`)],
        [`uniform/${kind}`, tensor(`input.uniform.${kind}`)],
      ]),
    ),
  };
  const graph = await compileGraph(tf, {
    variables,
    functions: { forward: forward(tf, spec, config, weights, images) },
  });
  try {
    const actual = {
      ...costsByCell(config, edgeCosts(spec)),
      ...graph.call('forward', given),
      ...(await step(tf, spec, config, variables, given)),
    };
    return [
      {
        name: 'parameters',
        difference: Math.abs(countParameters(description) - config.param_count),
        tolerance: 0,
      },
      ...compareAll(fixture, actual),
    ];
  } finally {
    graph.dispose();
  }
};
