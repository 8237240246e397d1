import type { OneJobChoice } from '../../search/one-job/registry.ts';
import { conv2d } from '../layers/convolution.ts';
import type { Declaration } from '../layers/shape-layers.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';

/** One convolution of the HyperNet. */
interface Layer {
  readonly name: string;
  readonly kernel: 1 | 3;
  readonly inputs: number;
  readonly filters: number;
  /** Leaky ReLU before it. */
  readonly activated: boolean;
  /** Its result is joined to its input (DenseNet), or takes its place. */
  readonly dense: boolean;
}

const LEAK = 0.02;
/** Filters of the first convolution. */
const FIRST = 7;

/**
 * SMASH's HyperNet (Brock et al. 2018, §3.2 and appendix B): weights of 1×1 convolutions from the encoding of
 * an architecture by a fully convolutional DenseNet without downsampling, each filter bank divided by its
 * Euclidean norm (ajbrock/SMASH 76aebd1, `layers.py:66–84`, `SMASH.py:330–337`). One position of the encoding
 * stands for `weights` weights.
 *
 * Deviations: beside the encoding the authors' code gives it noise (`SMASH.py:709–712`), drawn anew each
 * time; here a learned value for each position tells equal positions apart, so that equal architectures have
 * equal weights (W = H(c), §3). Positions have one slice each (a depth compression of 1).
 */
interface Hypernet {
  readonly declarations: readonly Declaration[];
  /** Of generating all weights once. */
  readonly multiplyAdds: number;
  /** Numbers of all intermediate results of that, and of those that convolutions read. */
  readonly results: { readonly made: number; readonly read: number };
  /** encoding [slices, columns, channels] → weights [1, slices, columns, weights]. */
  generate(tf: Tf, vars: Tensors, encoding: Tensor): Tensor;
}

export const smashHypernet = (
  { layers, growth }: OneJobChoice<'smash'>['hypernet'],
  [slices, columns, channels]: readonly [slices: number, columns: number, channels: number],
  weights: number,
): Hypernet => {
  const plan: Layer[] = [];
  let width = channels + 1;
  const push = (layer: Omit<Layer, 'name' | 'inputs'>): void => {
    plan.push({ name: `hypernet.${plan.length}`, inputs: width, ...layer });
    width = layer.dense ? width + layer.filters : layer.filters;
  };
  push({ kernel: 3, filters: FIRST, activated: false, dense: true });
  layers.forEach((count, block) => {
    for (let i = 0; i < count; i++) push({ kernel: 3, filters: growth, activated: true, dense: true });
    if (block < layers.length - 1)
      push({ kernel: 3, filters: Math.floor(width / 2), activated: true, dense: false });
  });
  push({ kernel: 1, filters: weights, activated: true, dense: false });

  const positions = slices * columns;
  return {
    declarations: [
      {
        name: 'hypernet.positions',
        shape: [slices, columns, 1],
        role: 'weight',
        initial: { kind: 'uniform', fanIn: 1 },
      },
      ...plan.map(({ name, kernel, inputs, filters }): Declaration => ({
        name: `${name}.weight`,
        shape: [kernel, kernel, inputs, filters],
        role: 'weight',
        initial: { kind: 'uniform', fanIn: kernel * kernel * inputs },
      })),
    ],
    multiplyAdds:
      positions * plan.reduce((sum, { kernel, inputs, filters }) => sum + kernel ** 2 * inputs * filters, 0),
    results: {
      made:
        positions *
        plan.reduce(
          (sum, { activated, dense, inputs, filters }) =>
            sum + (activated ? 2 * inputs : 0) + filters + (dense ? inputs + filters : 0),
          channels + 1,
        ),
      read: positions * plan.reduce((sum, { inputs }) => sum + inputs, 0),
    },
    generate: (tf, vars, encoding) => {
      const positions = vars['hypernet.positions'] as Tensor;
      let x: Tensor = tf.reshape(tf.concat([encoding, positions], 2), [1, slices, columns, channels + 1]);
      for (const { name, kernel, activated, dense } of plan) {
        const half = (kernel - 1) / 2;
        const weight = vars[`${name}.weight`] as Tensor;
        const h = activated ? tf.maximum(x, tf.mul(x, LEAK)) : x;
        const y = conv2d(tf, h, tf.div(weight, tf.norm(weight)), { strides: [1, 1], padding: [half, half] });
        x = dense ? tf.concat([x, y], 3) : y;
      }
      return x;
    },
  };
};

/**
 * Of squares of `unit` × `unit` weights, [1, slices, columns, unit²], the rows, [slices, unit · columns ·
 * unit].
 */
export const rowsOfSquares = (tf: Tf, generated: Tensor, unit: number): Tensor => {
  const [, slices, columns] = generated.shape as [number, number, number, number];
  const blocks = tf.transpose(tf.reshape(generated, [slices, columns, unit, unit]), [0, 2, 1, 3]);
  return tf.reshape(blocks, [slices, unit * columns * unit]);
};
