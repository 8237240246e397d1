import { recipeSchema } from '../../nas/task/images/recipe.ts';
import { ONE_JOB_SEARCHES } from '../../nas/search/one-job/registry.ts';
import { compileMixture } from '../../nas/training/programs/compiled-mixture.ts';
import { imageClassification } from '../../nas/training/tasks/images/image-classification.ts';
import { imageBatch, imageShapes } from '../../nas/training/tasks/images/image-data.ts';
import { imageMixture } from '../../nas/training/tasks/images/image-mixture.ts';
import { dartsStrategy } from '../../nas/training/programs/darts-strategy.ts';
import { prefixed } from '../../nas/training/graph/variable-groups.ts';
import { splitVariables } from '../../nas/training/networks/split-variables.ts';
import { parameterNames } from '../../nas/training/layers/counting.ts';
import type { Batch } from '../../nas/task/images/batches.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { describeSupernet, type Supernet } from '../../nas/training/supernets/supernet.ts';
import type { Tf } from '../../nas/training/graph/tensor.ts';
import type { SupernetConfig } from './supernet-config.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

interface DartsStep {
  readonly spec: Supernet;
  readonly config: SupernetConfig;
  readonly variables: HostTensors;
  /** `alphas_normal` and `alphas_reduce`. */
  readonly alphas: HostTensors;
  /** Of the weights' SGD, by weight. */
  readonly momentum: HostTensors;
  readonly train: HostTensors;
  readonly valid: HostTensors;
}

const batchOf = ({ x, y }: HostTensors): Batch => ({
  x: x?.data as Float32Array,
  y: y?.data as Int32Array,
  valid: y?.data.length as number,
});

/**
 * One second-order step of the search program itself, from the fixture's weights and momentum: the alphas
 * after it, and the architecture gradient that moved them, which Adam's first mean holds as (1 − β₁)
 * (gradient + weight decay · alpha).
 */
export const dartsStep = async (
  tf: Tf,
  { spec, config, variables, alphas, momentum, train, valid }: DartsStep,
): Promise<HostTensors> => {
  const { lr, betas, weight_decay: weightDecay } = config.arch_adam;
  const strategy = ONE_JOB_SEARCHES.darts.schema.parse({
    name: 'darts',
    architecture: { learningRate: lr, beta1: betas[0], beta2: betas[1], weightDecay },
  });
  const recipe = recipeSchema.parse({
    optimizer: {
      kind: 'sgd',
      learningRate: config.eta,
      momentum: config.momentum,
      weightDecay: config.weight_decay,
    },
    clipNorm: config.grad_clip,
  });
  const network = splitVariables(variables, parameterNames(describeSupernet(spec)));
  const mixture = imageMixture(tf, spec, recipe, 0);
  const shape = train.x?.shape as [number, number, number, number];
  const feed = imageShapes('training', shape);
  const compiled = await compileMixture(
    tf,
    dartsStrategy(tf, strategy, recipe),
    { mixture: { ...mixture, model: { ...mixture.model, ...network } }, recipe, seed: 0 },
    { training: feed, search: imageShapes('search', shape), evaluation: feed },
    imageClassification,
  );
  try {
    const slots = Object.fromEntries(
      Object.entries(momentum).map(([name, tensor]) => [`${name}/momentum`, tensor]),
    );
    compiled.write({
      'alphas/normal': alphas.alphas_normal as HostTensor,
      'alphas/reduce': alphas.alphas_reduce as HostTensor,
      ...prefixed('optimizer/weights', slots),
    });
    compiled.step({
      training: imageBatch(shape, batchOf(train)),
      search: imageBatch(shape, batchOf(valid)),
      learningRate: config.eta,
      inputs: {},
    });
    const after = compiled.read();
    const gradient = (kind: 'normal' | 'reduce'): HostTensor => {
      const mean = after[`optimizer/alphas/${kind}/mean`] as HostTensor;
      const before = (alphas[`alphas_${kind}`] as HostTensor).data;
      const data = Float32Array.from(
        mean.data,
        (value, i) => value / (1 - betas[0]) - weightDecay * (before[i] as number),
      );
      return { ...mean, data };
    };
    return {
      'output.alphas_after_step.normal': after['alphas/normal'] as HostTensor,
      'output.alphas_after_step.reduce': after['alphas/reduce'] as HostTensor,
      'output.unrolled_grad.alphas_normal': gradient('normal'),
      'output.unrolled_grad.alphas_reduce': gradient('reduce'),
    };
  } finally {
    compiled.dispose();
  }
};
