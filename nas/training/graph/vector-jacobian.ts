import { customOperation } from './custom-operation.ts';
import type { Tensor, Tensors, Tf } from './tensor.ts';

/**
 * Runs `body` without touching the tape of the gradients that are being computed: tfjs forgets it when others
 * begin and end in between.
 */
const withOwnTape = <T>(tf: Tf, body: () => T): T => {
  const { state } = tf.engine() as unknown as { readonly state: { activeTape: unknown } };
  const { activeTape } = state;
  try {
    return body();
  } finally {
    state.activeTape = activeTape;
  }
};

/**
 * Gradients of several outputs at once: the sum over outputs of `dys` times their derivatives with respect to
 * `inputs`; zero where no output depends on an input. Outputs without a `dy` are not differentiated.
 */
export const vectorJacobian = (
  tf: Tf,
  inputs: Tensors,
  dys: Tensors,
  outputs: () => Tensors,
): Record<string, Tensor> => {
  const names = Object.keys(dys);
  /** The one output that tfjs asks for: a constant, whose gradients are the given ones. */
  const joined = (): Tensor => {
    const made = outputs();
    return customOperation(
      tf,
      names.map((name) => made[name] as Tensor),
      {
        forward: () => [tf.scalar(0)],
        backward: () => names.map((name) => () => tf.clone(dys[name] as Tensor)),
      },
    )[0] as Tensor;
  };
  const allowUnused = true;
  const { grads } = withOwnTape(tf, () =>
    tf.engine().gradients(joined, Object.values(inputs), undefined, allowUnused),
  );
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input], i) => [
      name,
      (grads[i] as Tensor | undefined) ?? tf.zeros(input.shape),
    ]),
  );
};
