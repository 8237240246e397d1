import type { Tensor, Tf } from './tensor.ts';

interface Definition {
  readonly forward: (inputs: readonly Tensor[]) => readonly Tensor[];
  /** Gradients by input for the inputs that may need one, given those of the outputs. */
  readonly backward: (
    dys: readonly Tensor[],
    inputs: readonly Tensor[],
    outputs: readonly Tensor[],
  ) => readonly (() => Tensor)[];
}

/** More outputs than any operation has; tfjs wants a flag for each that is kept. */
const MOST_OUTPUTS = 64;

const KERNEL = 'CustomOperation';
const registered = new WeakSet<object>();

/** Registers the one kernel behind `customOperation`, once per TensorFlow module. */
const register = (tf: Tf): void => {
  if (registered.has(tf)) return;
  registered.add(tf);
  tf.registerKernel({
    kernelName: KERNEL,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs }) => [
      ...(attrs as unknown as Definition).forward(Object.values(inputs) as Tensor[]),
    ],
  });
  tf.registerGradient({
    kernelName: KERNEL,
    saveAllInputs: true,
    outputsToSave: Array.from({ length: MOST_OUTPUTS }, () => true),
    gradFunc: (dy, saved, attrs) => {
      const { backward, count } = attrs as unknown as Definition & { readonly count: number };
      const gradients = backward(Array.isArray(dy) ? dy : [dy], saved.slice(0, count), saved.slice(count));
      return Object.fromEntries(gradients.map((gradient, i) => [String(i), gradient]));
    },
  });
};

/**
 * A differentiable operation with several inputs and outputs (`tf.customGrad` allows one output only). Inputs
 * and outputs are kept for `backward`; inputs beyond the length of its result are not differentiable.
 */
export const customOperation = (tf: Tf, inputs: readonly Tensor[], definition: Definition): Tensor[] => {
  register(tf);
  const outputs = tf
    .engine()
    .runKernel(KERNEL, [...inputs] as never, { ...definition, count: inputs.length } as never) as unknown as
    Tensor | Tensor[];
  return Array.isArray(outputs) ? outputs : [outputs];
};
