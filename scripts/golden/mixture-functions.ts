import type { FunctionSpec } from '../../nas/training/graph/compile.ts';
import { lossAndGradients } from '../../nas/training/graph/gradients.ts';
import { crossEntropy } from '../../nas/training/tasks/images/losses.ts';
import type { Supernet } from '../../nas/training/supernets/supernet.ts';
import { mixtureSupernet } from '../../nas/training/supernets/mixture.ts';
import type { Tensor, Tensors, Tf } from '../../nas/training/graph/tensor.ts';

export const ALPHAS = ['alphas_normal', 'alphas_reduce'] as const;
export const alphaSpec = { shape: [14, 8], dtype: 'float32' } as const;

/** How the two inputs [14, 8] become edge weights: softmax for alphas, unchanged for 0/1 weights. */
type EdgeWeighting = (tf: Tf, input: Tensor) => Tensor;

/** Loss, logits, new statistics (`after1.*`) and all gradients (`grad.*`) of a batch. */
export const forwardBackward = (
  tf: Tf,
  spec: Supernet,
  weights: readonly string[],
  images: readonly number[],
  weighting: EdgeWeighting,
): FunctionSpec => ({
  inputs: {
    x: { shape: images, dtype: 'float32' },
    y: { shape: [images[0] as number], dtype: 'int32' },
    alphas_normal: alphaSpec,
    alphas_reduce: alphaSpec,
  },
  body: (vars, inputs, trace) => {
    const differentiated = Object.fromEntries([
      ...weights.map((name) => [name, vars[name]]),
      ...ALPHAS.map((name) => [name, inputs[name]]),
    ]) as Tensors;
    const { loss, gradients, extra } = lossAndGradients(tf, trace, differentiated, () => {
      const edgeWeights = {
        normal: weighting(tf, inputs.alphas_normal as Tensor),
        reduce: weighting(tf, inputs.alphas_reduce as Tensor),
      };
      const { logits, buffers } = mixtureSupernet(tf, spec, vars, inputs.x as Tensor, edgeWeights, {
        kind: 'train',
        trace,
      });
      const named = Object.entries(buffers).map(([name, tensor]) => [`after1.${name}`, tensor]);
      const extra = { logits, ...(Object.fromEntries(named) as Tensors) };
      return { loss: crossEntropy(tf, logits, inputs.y as Tensor), extra };
    });
    const named = Object.entries(gradients).map(([name, tensor]) => [`grad.${name}`, tensor]);
    return { outputs: { loss, ...extra, ...(Object.fromEntries(named) as Tensors) } };
  },
});

/** Logits by the stored statistics. */
export const evaluate = (
  tf: Tf,
  spec: Supernet,
  images: readonly number[],
  weighting: EdgeWeighting,
): FunctionSpec => ({
  inputs: { x: { shape: images, dtype: 'float32' }, alphas_normal: alphaSpec, alphas_reduce: alphaSpec },
  body: (vars, inputs) => {
    const weights = {
      normal: weighting(tf, inputs.alphas_normal as Tensor),
      reduce: weighting(tf, inputs.alphas_reduce as Tensor),
    };
    const { logits } = mixtureSupernet(tf, spec, vars, inputs.x as Tensor, weights, { kind: 'evaluate' });
    return { outputs: { logits } };
  },
});
