import type { Tensor, Tensors, Tf } from './tensor.ts';
import type { Trace } from './trace.ts';

/**
 * A scalar loss and its gradients with respect to `params`; a parameter that the loss does not use has a zero
 * gradient. `loss` may return further tensors (logits, new batch-norm buffers) as `extra`, which outlive it.
 */
export const lossAndGradients = <Extra extends Tensors>(
  tf: Tf,
  trace: Trace,
  params: Tensors,
  loss: () => { readonly loss: Tensor; readonly extra: Extra },
): { readonly loss: Tensor; readonly gradients: Record<string, Tensor>; readonly extra: Extra } => {
  let extra: Extra | undefined;
  const allowUnused = true;
  const { value, grads } = tf.engine().gradients(
    () => {
      const result = loss();
      for (const tensor of Object.values(result.extra)) trace.keep(tensor);
      extra = result.extra;
      return result.loss;
    },
    Object.values(params),
    undefined,
    allowUnused,
  );
  const gradients = Object.fromEntries(
    Object.entries(params).map(([name, param], i) => [
      name,
      (grads[i] as Tensor | undefined) ?? tf.zeros(param.shape),
    ]),
  );
  return { loss: value, gradients, extra: extra as Extra };
};
