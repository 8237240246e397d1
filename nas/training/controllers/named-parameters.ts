import { elements } from '../../search/trials/controller-math.ts';
import type { ControllerParameter } from '../../search/trials/controller-math.ts';
import type { Tensor, Tf } from '../graph/tensor.ts';

export type NamedParameters = (name: string) => Tensor;

/** The parameters that a flat vector holds in the order of `layout`, by name. */
export const namedParameters = (
  tf: Tf,
  layout: readonly ControllerParameter[],
  flat: Tensor,
): NamedParameters => {
  let at = 0;
  const parts = new Map(
    layout.map(({ name, shape }) => {
      const size = elements(shape);
      const part = tf.reshape(tf.slice(flat, [at], [size]), [...shape]);
      at += size;
      return [name, part] as const;
    }),
  );
  return (name) => parts.get(name) as Tensor;
};
