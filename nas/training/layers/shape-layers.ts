import { convolvedLength } from './convolution.ts';
import type { ConvolutionOptions, ImageShape, Initial, Layers, Padding, PoolingWindow } from './layers.ts';
import { InvalidArchitectureError } from '../program.ts';

export interface Declaration {
  readonly name: string;
  readonly shape: readonly number[];
  /** Weights are trained; buffers are batch norm's running statistics. */
  readonly role: 'weight' | 'buffer';
  readonly initial: Initial;
}

export interface Description {
  /** In the order of use. */
  readonly declarations: readonly Declaration[];
  /** Of convolutions and fully connected layers, for one image. */
  readonly multiplyAdds: { readonly convolution: number; readonly linear: number };
  /**
   * Bytes of all intermediate results of one image, float32: what a training step keeps for its backward
   * pass.
   */
  readonly activationBytes: number;
  /** Pixels of one image in the smallest activation that batch norm sees; infinite without batch norm. */
  readonly leastNormalizedPixels: number;
  /** Those of them that weights are multiplied with: no backward pass can do without them. */
  readonly keptBytes: number;
}

const FLOAT_BYTES = 4;

const constant = (value: number): Initial => ({ kind: 'constant', value });

/**
 * Interprets a network over shapes: what it declares and what it costs.
 *
 * @throws InvalidArchitectureError where the published network would not fit the image.
 */
export const describeNetwork = (
  image: ImageShape,
  network: (layers: Layers<ImageShape>, x: ImageShape) => unknown,
): Description => {
  const declarations: Declaration[] = [];
  let convolution = 0;
  let linear = 0;
  let elements = 0;
  let leastNormalizedPixels = Infinity;
  const kept = new Set<ImageShape>();
  const declare = (
    name: string,
    shape: readonly number[],
    initial: Initial,
    role: 'weight' | 'buffer' = 'weight',
  ): void => {
    declarations.push({ name, shape, role, initial });
  };
  /** A new intermediate result. */
  const made = (...shape: ImageShape): ImageShape => {
    elements += shape.reduce((size, n) => size * n, 1);
    return shape;
  };
  const results = new WeakMap<ImageShape, Map<string, ImageShape>>();
  /** Operations without parameters are computed once for all readers, as over tensors. */
  const shared = (x: ImageShape, operation: string, compute: () => ImageShape): ImageShape => {
    const known = results.get(x) ?? new Map<string, ImageShape>();
    results.set(x, known);
    const result = known.get(operation) ?? compute();
    known.set(operation, result);
    return result;
  };
  const sized = (
    [h, w]: ImageShape,
    kernel: readonly [number, number],
    strides: readonly [number, number],
    padding: readonly [number, number],
    dilation = 1,
  ): readonly [number, number] => {
    const out = [
      convolvedLength(h, kernel[0], strides[0], padding[0], dilation),
      convolvedLength(w, kernel[1], strides[1], padding[1], dilation),
    ] as const;
    if (out[0] < 1 || out[1] < 1)
      throw new InvalidArchitectureError(
        `a ${kernel.join('×')} window does not fit an activation of ${h}×${w}; use larger images or fewer reductions`,
      );
    return out;
  };
  const convolve = (
    x: ImageShape,
    name: string,
    { filters, kernel, strides, padding, initial }: ConvolutionOptions,
    dilation = 1,
  ): ImageShape => {
    const fanIn = kernel[0] * kernel[1] * x[2];
    kept.add(x);
    declare(`${name}.weight`, [...kernel, x[2], filters], initial ?? { kind: 'uniform', fanIn });
    const [h, w] = sized(x, kernel, strides, padding, dilation);
    convolution += h * w * fanIn * filters;
    return made(h, w, filters);
  };
  const pool = (x: ImageShape, operation: string, { kernel, strides, padding }: PoolingWindow): ImageShape =>
    shared(x, `${operation}/${[...kernel, ...strides, ...padding].join()}`, () =>
      made(...sized(x, kernel, strides, padding), x[2]),
    );
  /** What is computed apart where the padding differs. */
  const padded = (operation: string, padding: Padding = 'symmetric'): string => `${operation}/${padding}`;
  const around = (stride: number): PoolingWindow => ({
    kernel: [3, 3],
    strides: [stride, stride],
    padding: [1, 1],
  });
  const layers: Layers<ImageShape> = {
    shape: (x) => x,
    conv: (x, name, options) => convolve(x, name, options),
    dilatedConv: (x, name, { filters, kernel, stride, dilation = 2 }) => {
      const half = (dilation * (kernel - 1)) / 2;
      return convolve(
        x,
        name,
        { filters, kernel: [kernel, kernel], strides: [stride, stride], padding: [half, half] },
        dilation,
      );
    },
    // At strides 1 and 2 both paddings give ⌈length / stride⌉ results.
    depthwise: (x, name, { kernel, stride, dilation, initial }) => {
      const fanIn = kernel * kernel;
      kept.add(x);
      declare(`${name}.weight`, [kernel, kernel, x[2], 1], initial ?? { kind: 'uniform', fanIn });
      const padding = (dilation * (kernel - 1)) / 2;
      const [h, w] = sized(x, [kernel, kernel], [stride, stride], [padding, padding], dilation);
      convolution += h * w * fanIn * x[2];
      return made(h, w, x[2]);
    },
    batchNorm: (x, name, affine, { debiased = false } = {}) => {
      leastNormalizedPixels = Math.min(leastNormalizedPixels, x[0] * x[1]);
      if (affine) {
        declare(`${name}.weight`, [x[2]], constant(1));
        declare(`${name}.bias`, [x[2]], constant(0));
      }
      declare(`${name}.running_mean`, [x[2]], constant(0), 'buffer');
      declare(`${name}.running_var`, [x[2]], constant(1), 'buffer');
      if (debiased) declare(`${name}.running_steps`, [1], constant(0), 'buffer');
      return made(...x);
    },
    relu: (x) => shared(x, 'relu', () => made(...x)),
    relu6: (x) => shared(x, 'relu6', () => made(...x)),
    maxPool: (x, window) => pool(x, 'max', window),
    maxPool3x3: (x, stride, padding) => pool(x, padded('max', padding), around(stride)),
    averagePool3x3: (x, stride, padding) => pool(x, padded('average', padding), around(stride)),
    averagePool: (x, size, stride) =>
      pool(x, 'average', { kernel: [size, size], strides: [stride, stride], padding: [0, 0] }),
    dropFirst: ([h, w, c]) => made(h - 1, w - 1, c),
    zero: ([h, w, c], stride) => made(Math.ceil(h / stride), Math.ceil(w / stride), c),
    zeroPad: (x, shape) => {
      if (x.some((size, i) => size > (shape[i] as number)))
        throw new InvalidArchitectureError(
          `an activation of ${x.join('×')} cannot be padded to the smaller ${shape.join('×')}`,
        );
      return x.join() === shape.join() ? x : made(...shape);
    },
    channels: (x, _first, count) => (count === x[2] ? x : made(x[0], x[1], count)),
    flatten: ([h, w, c]) => [1, 1, h * w * c],
    add: (xs) => {
      const [first] = xs as [ImageShape];
      if (xs.some((x) => x.join() !== first.join()))
        throw new InvalidArchitectureError(
          `activations of shapes ${xs.map((x) => x.join('×')).join(' and ')} cannot be added`,
        );
      return xs.length === 1 ? first : made(...first);
    },
    concat: (xs) => {
      const [[h, w]] = xs as [ImageShape];
      if (xs.some((x) => x[0] !== h || x[1] !== w))
        throw new InvalidArchitectureError(
          `activations of shapes ${xs.map((x) => x.join('×')).join(' and ')} cannot be joined; the image size must stay even at every reduction`,
        );
      return made(
        h,
        w,
        xs.reduce((sum, x) => sum + x[2], 0),
      );
    },
    globalAverage: ([, , c]) => made(1, 1, c),
    dropPath: (x) => x,
    fractalJoin: (xs, { kind }) => {
      const [first] = xs as [ImageShape];
      if (xs.length === 1) return first;
      return kind === 'concat' ? layers.concat(xs) : layers.add(xs);
    },
    dropout: (x) => x,
    linear: ([h, w, c], name, units) => {
      if (h !== 1 || w !== 1)
        throw new InvalidArchitectureError(`${name}: features of ${h}×${w}, allowed: 1×1`);
      declare(`${name}.weight`, [c, units], { kind: 'uniform', fanIn: c });
      declare(`${name}.bias`, [units], { kind: 'uniform', fanIn: c });
      linear += c * units;
      return made(1, 1, units);
    },
  };
  network(layers, image);
  const read = [...kept].reduce((sum, [h, w, c]) => sum + h * w * c, 0);
  return {
    declarations,
    multiplyAdds: { convolution, linear },
    activationBytes: FLOAT_BYTES * elements,
    leastNormalizedPixels,
    keptBytes: FLOAT_BYTES * read,
  };
};
