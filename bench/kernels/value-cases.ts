import {
  BATCH_NORM_EPSILON,
  batchNormEvaluation,
  batchNormTraining,
} from '../../nas/training/layers/batch-norm.ts';
import { sum } from '../../nas/core/sum.ts';
import { countCorrect, crossEntropy } from '../../nas/training/tasks/images/losses.ts';
import { uniform } from '../../nas/training/graph/random-tensor.ts';
import { relu } from '../../nas/training/layers/relu.ts';
import type { Tensor, Tf } from '../../nas/training/graph/tensor.ts';
import type { KernelCase } from './case.ts';
import { cycle, type Extent } from './extent.ts';
import {
  batchNorm,
  batchNormGradients,
  bilinear,
  bilinearGradients,
  byRow,
  elementwise,
  gathered,
  productTerms,
  runningStatistics,
  zeros,
  type Plain,
} from './plain.ts';

/** Of sums of products, and of functions whose float32 versions are off by some units in the last place. */
const TOLERANCE = 1e-5;
/** A variance of few values amplifies rounding. */
const STATISTICS_TOLERANCE = 2e-4;

const shapeOf = (inputs: readonly (readonly number[])[]): string => inputs.map((s) => s.join('×')).join(', ');

type Shape = readonly number[];
const made = (
  operation: string,
  inputs: readonly Shape[],
  product: KernelCase['product'],
  plain: KernelCase['plain'],
  rest: Partial<KernelCase> = {},
): KernelCase => ({
  operation,
  shape: shapeOf(inputs),
  inputs,
  product,
  plain,
  tolerance: TOLERANCE,
  ...rest,
});

/** Activations with every number of channels; batches and sides take turns. */
function* images({ channels, sides }: Extent): Generator<readonly [number, number, number, number]> {
  const batches = cycle([2, 1, 3, 5, 4]);
  for (const c of channels) for (const side of [2, 3, ...sides]) yield [batches(), side, side, c];
  for (const c of channels) yield [4, 1, 1, c];
}

function* batchNorms(extent: Extent): Generator<KernelCase> {
  for (const image of images(extent)) {
    const c = image[3];
    const inputs = [image, [c], [c], [c], [c]];
    const train = (tf: Tf, [x, scale, offset, runningMean, runningVariance]: readonly Tensor[]) =>
      batchNormTraining(tf, x as Tensor, {
        scale: scale as Tensor,
        offset: offset as Tensor,
        runningMean: runningMean as Tensor,
        runningVariance: runningVariance as Tensor,
        epsilon: BATCH_NORM_EPSILON,
      });
    yield made(
      'batchNormTraining',
      inputs.slice(0, 3),
      (tf, xs) => train(tf, [...xs, tf.zeros([c]), tf.ones([c])]).y,
      ([x, scale, offset]) => batchNorm(x as Plain, scale as Plain, offset as Plain, BATCH_NORM_EPSILON),
      {
        gradients: ([x, scale], dy) => batchNormGradients(x as Plain, scale as Plain, dy, BATCH_NORM_EPSILON),
        tolerance: STATISTICS_TOLERANCE,
      },
    );
    yield made(
      'batchNormTraining, running statistics',
      [image, [c], [c]],
      (tf, [x, oldMean, oldVariance]) => {
        const result = train(tf, [x, tf.ones([c]), tf.zeros([c]), oldMean, oldVariance] as Tensor[]);
        return tf.concat([result.runningMean, result.runningVariance], 0);
      },
      ([x, oldMean, oldVariance]) => runningStatistics(x as Plain, oldMean as Plain, oldVariance as Plain),
      { positive: true, tolerance: STATISTICS_TOLERANCE },
    );
    yield made(
      'batchNormEvaluation',
      inputs,
      (tf, [x, scale, offset, runningMean, runningVariance]) =>
        batchNormEvaluation(tf, x as Tensor, {
          scale: scale as Tensor,
          offset: offset as Tensor,
          runningMean: runningMean as Tensor,
          runningVariance: runningVariance as Tensor,
          epsilon: BATCH_NORM_EPSILON,
        }),
      (xs) =>
        elementwise(
          image,
          xs,
          (x, scale, offset, mean, variance) =>
            (((x as number) - (mean as number)) * (scale as number)) /
              Math.sqrt((variance as number) + BATCH_NORM_EPSILON) +
            (offset as number),
        ),
      { positive: true },
    );
  }
}

function* products({ channels }: Extent): Generator<KernelCase> {
  const rows = cycle([1, 2, 3, 4, 5, 8, 16, 33]);
  for (const k of channels)
    for (const n of channels) {
      const m = rows();
      const terms = productTerms(m, k, n);
      yield made(
        'matMul',
        [
          [m, k],
          [k, n],
        ],
        (tf, [a, b]) => tf.matMul(a as never, b as never),
        ([a, b]) => bilinear([m, n], terms, a as Plain, b as Plain),
        { gradients: ([a, b], dy) => bilinearGradients(terms, a as Plain, b as Plain, dy) },
      );
    }
}

/** Functions of one number each. */
const UNARY: Readonly<Record<string, readonly [(tf: Tf, x: Tensor) => Tensor, (x: number) => number]>> = {
  abs: [(tf, x) => tf.abs(x), Math.abs],
  exp: [(tf, x) => tf.exp(x), Math.exp],
  floor: [(tf, x) => tf.floor(x), Math.floor],
  log: [(tf, x) => tf.log(x), Math.log],
  log1p: [(tf, x) => tf.log1p(x), Math.log1p],
  neg: [(tf, x) => tf.neg(x), (x) => -x],
  sigmoid: [(tf, x) => tf.sigmoid(x), (x) => 1 / (1 + Math.exp(-x))],
  sqrt: [(tf, x) => tf.sqrt(x), Math.sqrt],
  square: [(tf, x) => tf.square(x), (x) => x * x],
  tanh: [(tf, x) => tf.tanh(x), Math.tanh],
};

type Binary = readonly [(tf: Tf, a: Tensor, b: Tensor) => Tensor, (a: number, b: number) => number];
const BINARY: Readonly<Record<string, Binary>> = {
  add: [(tf, a, b) => tf.add(a, b), (a, b) => a + b],
  sub: [(tf, a, b) => tf.sub(a, b), (a, b) => a - b],
  mul: [(tf, a, b) => tf.mul(a, b), (a, b) => a * b],
  div: [(tf, a, b) => tf.div(a, b), (a, b) => a / b],
  minimum: [(tf, a, b) => tf.minimum(a, b), Math.min],
  maximum: [(tf, a, b) => tf.maximum(a, b), Math.max],
  pow: [(tf, a, b) => tf.pow(a, b), (a, b) => a ** b],
};

function* elementwises(extent: Extent): Generator<KernelCase> {
  for (const image of images(extent)) {
    yield made(
      'relu',
      [image],
      (tf, [x]) => relu(tf, x as Tensor),
      ([x]) => elementwise(image, [x as Plain], (v) => Math.max(v as number, 0)),
      {
        gradients: ([x], dy) => [
          elementwise(image, [x as Plain, dy], (v, d) => ((v as number) > 0 ? (d as number) : 0)),
        ],
      },
    );
    for (const [name, [f, g]] of Object.entries(UNARY))
      yield made(
        name,
        [image],
        (tf, [x]) => f(tf, x as Tensor),
        ([x]) => elementwise(image, [x as Plain], (v) => g(v as number)),
        {
          positive: true,
        },
      );
    // As batch norm, drop-path and optimisers broadcast: by channel, by image, by a scalar, not at all.
    for (const other of [[image[3]], [image[0], 1, 1, 1], [], image] as const)
      for (const [name, [f, g]] of Object.entries(BINARY))
        yield made(
          name,
          [image, other],
          (tf, [a, b]) => f(tf, a as Tensor, b as Tensor),
          (xs) => elementwise(image, xs, (a, b) => g(a as number, b as number)),
          { positive: true },
        );
  }
}
/** Of two tensors of one shape, as 0 and 1. */
const COMPARISONS = {
  greater: [(tf: Tf, a: Tensor, b: Tensor) => tf.greater(a, b), (a: number, b: number) => a > b],
  greaterEqual: [(tf: Tf, a: Tensor, b: Tensor) => tf.greaterEqual(a, b), (a: number, b: number) => a >= b],
  less: [(tf: Tf, a: Tensor, b: Tensor) => tf.less(a, b), (a: number, b: number) => a < b],
  lessEqual: [(tf: Tf, a: Tensor, b: Tensor) => tf.lessEqual(a, b), (a: number, b: number) => a <= b],
} as const;

function* comparisons(extent: Extent): Generator<KernelCase> {
  for (const image of images(extent)) {
    const channels = image[3];
    for (const [name, [f, g]] of Object.entries(COMPARISONS))
      yield made(
        name,
        [image, image],
        (tf, [a, b]) => tf.cast(f(tf, a as Tensor, b as Tensor), 'float32'),
        (xs) => elementwise(image, xs, (a, b) => Number(g(a as number, b as number))),
      );
    yield made(
      'where',
      [image, image],
      (tf, [a, b]) => tf.where(tf.greater(a as Tensor, b as Tensor), a as Tensor, b as Tensor),
      (xs) => elementwise(image, xs, (a, b) => Math.max(a as number, b as number)),
    );
    // The logarithm of a negative number is none.
    yield made(
      'isNaN',
      [image],
      (tf, [x]) => tf.cast(tf.isNaN(tf.log(x as Tensor)), 'float32'),
      ([x]) => elementwise(image, [x as Plain], (v) => Number((v as number) < 0)),
    );
    yield made(
      'isFinite',
      [image],
      (tf, [x]) => tf.cast(tf.isFinite(tf.log(x as Tensor)), 'float32'),
      ([x]) => elementwise(image, [x as Plain], (v) => Number((v as number) > 0)),
    );
    yield made(
      'zerosLike',
      [image],
      (tf, [x]) => tf.zerosLike(x as Tensor),
      () => zeros(image),
    );
    yield made(
      'range',
      [image],
      (tf, [x]) => tf.add(tf.mul(x as Tensor, 0), tf.cast(tf.range(0, channels, 1, 'int32'), 'float32')),
      () => ({ ...zeros(image), data: zeros(image).data.map((_, i) => i % channels) }),
    );
    // Its values are pinned elsewhere; here it is to stay within its tensor and its bounds.
    yield made(
      'uniform',
      [image],
      (tf) => {
        const drawn = uniform(tf, image, tf.tensor1d([3, 5], 'int32'));
        return tf.cast(tf.logicalAnd(tf.greaterEqual(drawn, 0), tf.less(drawn, 1)), 'float32');
      },
      () => ({ ...zeros(image), data: zeros(image).data.map(() => 1) }),
    );
  }
}

function* rearrangements(extent: Extent): Generator<KernelCase> {
  for (const image of images(extent)) {
    const [b, h, w, c] = image;
    const like = (...shape: number[]): readonly number[] => shape;
    yield made(
      'concat',
      [image, image],
      (tf, [x, y]) => tf.concat([x, y] as Tensor[], 3),
      ([x, y]) => {
        const second = gathered([b, h, w, 2 * c], y as Plain, ([i, j, k, d]) =>
          (d as number) < c ? undefined : [i as number, j as number, k as number, (d as number) - c],
        );
        const first = gathered([b, h, w, 2 * c], x as Plain, ([i, j, k, d]) =>
          (d as number) < c ? [i as number, j as number, k as number, d as number] : undefined,
        );
        return elementwise(first.shape, [first, second], (p, q) => (p as number) + (q as number));
      },
    );
    yield made(
      'pad',
      [image],
      (tf, [x]) => tf.pad(x as never, [[0, 0], [1, 2], [0, 1], [0, 3]]), // prettier-ignore
      ([x]) =>
        gathered([b, h + 3, w + 1, c + 3], x as Plain, ([i, j, k, d]) => {
          const at = [i as number, (j as number) - 1, k as number, d as number];
          return (at[1] as number) < 0 ||
            (at[1] as number) >= h ||
            (at[2] as number) >= w ||
            (at[3] as number) >= c
            ? undefined
            : at;
        }),
    );
    yield made(
      'slice',
      [image],
      (tf, [x]) => tf.slice(x as Tensor, [0, h - 1, 0, c >> 1], [b, 1, w, c - (c >> 1)]),
      ([x]) =>
        gathered([b, 1, w, c - (c >> 1)], x as Plain, ([i, , k, d]) => [
          i as number,
          h - 1,
          k as number,
          (d as number) + (c >> 1),
        ]),
    );
    yield made(
      'transpose',
      [image],
      (tf, [x]) => tf.transpose(x as Tensor, [3, 0, 2, 1]),
      ([x]) => gathered(like(c, b, w, h), x as Plain, ([d, i, k, j]) => [i, j, k, d] as number[]),
    );
    yield made(
      'tile',
      [image],
      (tf, [x]) => tf.tile(x as Tensor, [1, 2, 1, 3]),
      ([x]) =>
        gathered([b, 2 * h, w, 3 * c], x as Plain, ([i, j, k, d]) => [
          i as number,
          (j as number) % h,
          k as number,
          (d as number) % c,
        ]),
    );
    for (const name of ['mean', 'sum'] as const)
      yield made(
        `${name} of an image`,
        [image],
        (tf, [x]) => tf[name](x as Tensor, [1, 2], true),
        ([x]) => {
          const y = zeros([b, 1, 1, c]);
          for (let i = 0; i < b; i++)
            for (let p = 0; p < h * w; p++)
              for (let d = 0; d < c; d++)
                y.data[i * c + d] =
                  (y.data[i * c + d] as number) +
                  ((x as Plain).data[(i * h * w + p) * c + d] as number) / (name === 'mean' ? h * w : 1);
          return y;
        },
      );
  }
}

const softmaxOf = (row: readonly number[]): number[] => {
  const total = sum(row.map(Math.exp));
  return row.map((v) => Math.exp(v) / total);
};

function* rows({ channels }: Extent): Generator<KernelCase> {
  for (const n of channels)
    for (const m of [1, 2, 5]) {
      const row = (
        name: string,
        columns: number,
        f: (tf: Tf, x: Tensor) => Tensor,
        g: (row: readonly number[]) => readonly number[],
      ): KernelCase =>
        made(
          name,
          [[m, n]],
          (tf, [x]) => f(tf, x as Tensor),
          ([x]) => byRow(x as Plain, columns, g),
        );
      yield row('softmax', n, (tf, x) => tf.softmax(x), softmaxOf);
      yield row(
        'logSoftmax',
        n,
        (tf, x) => tf.logSoftmax(x),
        (r) => softmaxOf(r).map(Math.log),
      );
      yield row(
        'max',
        1,
        (tf, x) => tf.max(x, 1, true),
        (r) => [Math.max(...r)],
      );
      yield row(
        'cumsum',
        n,
        (tf, x) => tf.cumsum(x, 1),
        (r) => r.map((_, i) => sum(r.slice(0, i + 1))),
      );
      yield row(
        'split',
        n,
        (tf, x) => tf.concat(tf.split(x, [n - (n >> 1), n >> 1].filter(Boolean), 1), 1),
        (r) => r,
      );
      yield row(
        'unstack',
        n,
        (tf, x) => tf.stack(tf.unstack(x)),
        (r) => r,
      );
      yield row(
        'addN',
        n,
        (tf, x) => tf.addN([x, x, x]),
        (r) => r.map((v) => 3 * v),
      );
      // A choice is one of two at least.
      if (n < 2) continue;
      yield row(
        'argMax',
        n,
        (tf, x) => tf.oneHot(tf.argMax(x, 1) as never, n, 1, 0, 'float32'),
        (r) => r.map((v) => Number(v === Math.max(...r))),
      );
      yield made(
        'crossEntropy',
        [[m, n]],
        (tf, [x]) => crossEntropy(tf, x as Tensor, tf.fill([m], n - 1, 'int32')),
        ([x]) => ({
          shape: [],
          data: Float64Array.of(
            -sum([...byRow(x as Plain, 1, (r) => [Math.log(softmaxOf(r)[n - 1] as number)]).data]) / m,
          ),
        }),
        {
          gradients: ([x], dy) => [
            byRow(x as Plain, n, (r) =>
              softmaxOf(r).map((p, i) => ((p - Number(i === n - 1)) / m) * (dy.data[0] as number)),
            ),
          ],
        },
      );
      yield made(
        'countCorrect',
        [[m, n]],
        (tf, [x]) => tf.cast(countCorrect(tf, x as Tensor, tf.fill([m], 0, 'int32')), 'float32'),
        ([x]) => ({
          shape: [],
          data: Float64Array.of(
            sum([...byRow(x as Plain, 1, (r) => [Number(r[0] === Math.max(...r))]).data]),
          ),
        }),
      );
    }
}

/** Everything that moves no window. */
export function* valueCases(extent: Extent): Generator<KernelCase> {
  yield* batchNorms(extent);
  yield* products(extent);
  yield* elementwises(extent);
  yield* comparisons(extent);
  yield* rearrangements(extent);
  yield* rows(extent);
}
