import type { Tensor, Tensors, Tf } from '../../nas/training/graph/tensor.ts';
import type { Trace } from '../../nas/training/graph/trace.ts';
import { tensorLayers, type TensorLayers } from '../../nas/training/layers/tensor-layers.ts';
import type { Supernet } from '../../nas/training/supernets/supernet.ts';

/**
 * Where a network is not differentiable: an input of a ReLU is zero, or two values of a window are its
 * maximum.
 */
export type KinkKind = 'relu' | 'maximum';

/**
 * What stands at the network's kinks: inputs of every ReLU, and the values that compete for every maximum [9,
 * …].
 */
interface Observed {
  readonly relu: readonly Tensor[];
  readonly maximum: readonly Tensor[];
}

const BEYOND = 1e30;

/** The nine values of each 3 × 3 window, [9, B, H, W, C]; padding never wins. */
const windows = (tf: Tf, x: Tensor, stride: number): Tensor => {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const padded = tf.pad(
    x as never,
    [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ],
    -BEYOND,
  );
  const [h, w] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  const shifted = [0, 1, 2].flatMap((row) =>
    [0, 1, 2].map((column) => {
      const part = tf.slice(padded, [0, row, column, 0], [batch, height, width, channels]);
      if (stride === 1) return part;
      // Every second row and column.
      const even = tf.reshape(part, [batch, h, stride, w, stride, channels]);
      return tf.reshape(tf.slice(even, [0, 0, 0, 0, 0, 0], [batch, h, 1, w, 1, channels]), [
        batch,
        h,
        w,
        channels,
      ]);
    }),
  );
  return tf.stack(shifted);
};

/** Runs the mixture in training mode, looking at what its kinks depend on. */
const observe = (
  tf: Tf,
  spec: Supernet,
  vars: Tensors,
  x: Tensor,
  edges: Tensors,
  trace: Trace,
): Observed => {
  const relus = new Set<Tensor>();
  const pooled = new Map<Tensor, Set<number>>();
  const layers = tensorLayers(tf, vars, { kind: 'train', trace });
  const watched: TensorLayers = {
    ...layers,
    relu: (input) => {
      relus.add(input);
      return layers.relu(input);
    },
    maxPool3x3: (input, stride) => {
      pooled.set(input, (pooled.get(input) ?? new Set()).add(stride));
      return layers.maxPool3x3(input, stride);
    },
  };
  spec.network(watched, x, (state, edge) =>
    spec.operations.slice(1).map((_, i) => {
      const weight = tf.slice(edges[edge.kind] as Tensor, [edge.row, i + 1], [1, 1]);
      return tf.mul(spec.candidate(watched, state, i + 1, edge), tf.reshape(weight, []));
    }),
  );
  return {
    relu: [...relus],
    maximum: [...pooled].flatMap(([input, strides]) =>
      [...strides].map((stride) => windows(tf, input, stride)),
    ),
  };
};

/**
 * The least positive of `numerator / denominator`, and the least of its negative; `BEYOND` where there is
 * none.
 */
const nearest = (tf: Tf, numerator: Tensor, denominator: Tensor): readonly [Tensor, Tensor] => {
  const slope = tf.where(tf.equal(denominator, 0), tf.fill(denominator.shape, 1 / BEYOND), denominator);
  const at = tf.div(numerator, slope);
  const far = tf.fill(at.shape, BEYOND);
  return [tf.min(tf.where(tf.greater(at, 0), at, far)), tf.min(tf.where(tf.less(at, 0), tf.neg(at), far))];
};

/**
 * Distances from the weights to the nearest kink of each kind, forwards and backwards along a direction, as
 * `relu/ahead`, `relu/behind`, `maximum/ahead` and `maximum/behind`: zeros of what the network's values are
 * to first order in the distance. `at` gives the variables at a distance, `probe` is one that crosses
 * nothing.
 */
export const nearestKinks = (
  tf: Tf,
  spec: Supernet,
  {
    at,
    probe,
    x,
    edges,
    trace,
  }: {
    readonly at: (distance: number) => Tensors;
    readonly probe: number;
    readonly x: Tensor;
    readonly edges: Tensors;
    readonly trace: Trace;
  },
): Tensors => {
  const plus = observe(tf, spec, at(probe), x, edges, trace);
  const minus = observe(tf, spec, at(-probe), x, edges, trace);
  const middle = (a: Tensor, b: Tensor): Tensor => tf.mul(tf.add(a, b), 0.5);
  const slope = (a: Tensor, b: Tensor): Tensor => tf.div(tf.sub(a, b), 2 * probe);
  const relus = plus.relu.map((above, i) => {
    const below = minus.relu[i] as Tensor;
    return nearest(tf, tf.neg(middle(above, below)), slope(above, below));
  });
  const maxima = plus.maximum.map((above, i) => {
    const below = minus.maximum[i] as Tensor;
    const values = middle(above, below);
    const top = tf.max(values, 0, true);
    const isTop = tf.cast(tf.equal(values, top), 'float32');
    const slopes = slope(above, below);
    const topSlope = tf.div(tf.sum(tf.mul(slopes, isTop), 0, true), tf.sum(isTop, 0, true));
    // The winner itself is no rival.
    const gap = tf.add(tf.sub(top, values), tf.mul(isTop, BEYOND));
    return nearest(tf, gap, tf.sub(slopes, topSlope));
  });
  const least = (tensors: readonly Tensor[]): Tensor =>
    tensors.length === 0 ? tf.scalar(BEYOND) : tf.min(tf.stack([...tensors]));
  return {
    'relu/ahead': least(relus.map(([ahead]) => ahead)),
    'relu/behind': least(relus.map(([, behind]) => behind)),
    'maximum/ahead': least(maxima.map(([ahead]) => ahead)),
    'maximum/behind': least(maxima.map(([, behind]) => behind)),
  };
};
