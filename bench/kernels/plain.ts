/**
 * Operations as loops over float64 numbers, as their definitions read: what the sweep compares native kernels
 * with. Nothing here is fast, shared with the product, or aware of how a library computes.
 */

/** Row-major. */
export interface Plain {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export const elements = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);
export const zeros = (shape: readonly number[]): Plain => ({
  shape,
  data: new Float64Array(elements(shape)),
});

/**
 * Calls back with every term y[o] += x[i] · w[k] of a bilinear operation: its value and both gradients
 * follow.
 */
export type Terms = (visit: (o: number, i: number, k: number) => void) => void;

export const bilinear = (shape: readonly number[], terms: Terms, x: Plain, w: Plain): Plain => {
  const y = zeros(shape);
  terms((o, i, k) => {
    y.data[o] = (y.data[o] as number) + (x.data[i] as number) * (w.data[k] as number);
  });
  return y;
};

export const bilinearGradients = (terms: Terms, x: Plain, w: Plain, dy: Plain): readonly [Plain, Plain] => {
  const [dx, dw] = [zeros(x.shape), zeros(w.shape)];
  terms((o, i, k) => {
    const d = dy.data[o] as number;
    dx.data[i] = (dx.data[i] as number) + d * (w.data[k] as number);
    dw.data[k] = (dw.data[k] as number) + d * (x.data[i] as number);
  });
  return [dx, dw];
};

/** Windows that slide over an image with zeros around it. */
export interface Windows {
  /** B, H, W, C. */
  readonly image: readonly [number, number, number, number];
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: number;
}

export const windowsOut = ({ image, kernel, strides, padding, dilation }: Windows): [number, number] =>
  [0, 1].map(
    (d) =>
      Math.floor(
        ((image[d + 1] as number) + 2 * (padding[d] as number) - dilation * ((kernel[d] as number) - 1) - 1) /
          (strides[d] as number),
      ) + 1,
  ) as [number, number];

/**
 * Every pixel that lies in a window and in the image: image, output row and column, pixel's row and column,
 * place in the kernel.
 */
const pixels = (
  windows: Windows,
  visit: (b: number, y: number, x: number, row: number, column: number, tap: number) => void,
): void => {
  const [batch, height, width] = windows.image;
  const { kernel, strides, padding, dilation } = windows;
  const [rows, columns] = windowsOut(windows);
  for (let b = 0; b < batch; b++)
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++)
        for (let i = 0; i < kernel[0]; i++)
          for (let j = 0; j < kernel[1]; j++) {
            const row = y * strides[0] - padding[0] + i * dilation;
            const column = x * strides[1] - padding[1] + j * dilation;
            if (row >= 0 && row < height && column >= 0 && column < width)
              visit(b, y, x, row, column, i * kernel[1] + j);
          }
};

/** Of a convolution with filter [k, l, C, D]. */
export const convolutionTerms =
  (windows: Windows, outputs: number): Terms =>
  (visit) => {
    const [, height, width, channels] = windows.image;
    const [rows, columns] = windowsOut(windows);
    pixels(windows, (b, y, x, row, column, tap) => {
      for (let c = 0; c < channels; c++)
        for (let d = 0; d < outputs; d++)
          visit(
            ((b * rows + y) * columns + x) * outputs + d,
            ((b * height + row) * width + column) * channels + c,
            (tap * channels + c) * outputs + d,
          );
    });
  };

/** Of a depthwise convolution with filter [k, l, C, m]. */
export const depthwiseTerms =
  (windows: Windows, multiplier: number): Terms =>
  (visit) => {
    const [, height, width, channels] = windows.image;
    const [rows, columns] = windowsOut(windows);
    pixels(windows, (b, y, x, row, column, tap) => {
      for (let c = 0; c < channels; c++)
        for (let m = 0; m < multiplier; m++)
          visit(
            (((b * rows + y) * columns + x) * channels + c) * multiplier + m,
            ((b * height + row) * width + column) * channels + c,
            (tap * channels + c) * multiplier + m,
          );
    });
  };

/**
 * Of the average over the pixels of each window that lie in the image; the weights [H', W'] are one over
 * their number.
 */
export const averageTerms = (windows: Windows): { readonly terms: Terms; readonly weights: Plain } => {
  const [, height, width, channels] = windows.image;
  const [rows, columns] = windowsOut(windows);
  const counts = zeros([rows, columns]);
  const once = { ...windows, image: [1, height, width, 1] } as const;
  pixels(once, (_b, y, x) => {
    const at = y * columns + x;
    counts.data[at] = (counts.data[at] as number) + 1;
  });
  return {
    weights: { shape: counts.shape, data: counts.data.map((count) => 1 / count) },
    terms: (visit) =>
      pixels(windows, (b, y, x, row, column) => {
        for (let c = 0; c < channels; c++)
          visit(
            ((b * rows + y) * columns + x) * channels + c,
            ((b * height + row) * width + column) * channels + c,
            y * columns + x,
          );
      }),
  };
};

/** The largest pixel of each window, and for each output the pixel from which it came. */
export const maximum = (windows: Windows, image: Plain): { readonly y: Plain; readonly from: Int32Array } => {
  const [batch, height, width, channels] = windows.image;
  const [rows, columns] = windowsOut(windows);
  const y = zeros([batch, rows, columns, channels]);
  y.data.fill(-Infinity);
  const from = new Int32Array(y.data.length);
  pixels(windows, (b, top, left, row, column) => {
    for (let c = 0; c < channels; c++) {
      const o = ((b * rows + top) * columns + left) * channels + c;
      const i = ((b * height + row) * width + column) * channels + c;
      if ((image.data[i] as number) > (y.data[o] as number)) {
        y.data[o] = image.data[i] as number;
        from[o] = i;
      }
    }
  });
  return { y, from };
};

/** Of a product [M, K] · [K, N]. */
export const productTerms =
  (m: number, k: number, n: number): Terms =>
  (visit) => {
    for (let row = 0; row < m; row++)
      for (let column = 0; column < n; column++)
        for (let at = 0; at < k; at++) visit(row * n + column, row * k + at, at * n + column);
  };

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

/** Values of one channel of [B, H, W, C]. */
const channel = ({ shape, data }: Plain, c: number): number[] => {
  const channels = shape.at(-1) as number;
  return Array.from({ length: data.length / channels }, (_, i) => data[i * channels + c] as number);
};

/** Batch normalisation by the batch's biased variance. */
export const batchNorm = (x: Plain, scale: Plain, offset: Plain, epsilon: number): Plain => {
  const channels = scale.data.length;
  const y = zeros(x.shape);
  for (let c = 0; c < channels; c++) {
    const values = channel(x, c);
    const center = mean(values);
    const deviation = Math.sqrt(mean(values.map((v) => (v - center) ** 2)) + epsilon);
    values.forEach((v, i) => {
      y.data[i * channels + c] =
        ((v - center) / deviation) * (scale.data[c] as number) + (offset.data[c] as number);
    });
  }
  return y;
};

/** Gradients of `batchNorm` of its input, scale and offset (Ioffe & Szegedy 2015, §3). */
export const batchNormGradients = (x: Plain, scale: Plain, dy: Plain, epsilon: number): readonly Plain[] => {
  const channels = scale.data.length;
  const [dx, dScale, dOffset] = [zeros(x.shape), zeros(scale.shape), zeros(scale.shape)];
  for (let c = 0; c < channels; c++) {
    const [values, gradients] = [channel(x, c), channel(dy, c)];
    const center = mean(values);
    const deviation = Math.sqrt(mean(values.map((v) => (v - center) ** 2)) + epsilon);
    const normal = values.map((v) => (v - center) / deviation);
    const along = mean(normal.map((v, i) => v * (gradients[i] as number)));
    const level = mean(gradients);
    gradients.forEach((d, i) => {
      dx.data[i * channels + c] =
        ((scale.data[c] as number) / deviation) * (d - level - (normal[i] as number) * along);
    });
    dScale.data[c] = along * values.length;
    dOffset.data[c] = level * values.length;
  }
  return [dx, dScale, dOffset];
};

/**
 * Running statistics after one batch: nine tenths of the old, one of the batch's, whose variance is unbiased;
 * means, then variances.
 */
export const runningStatistics = (x: Plain, oldMean: Plain, oldVariance: Plain): Plain => {
  const channels = oldMean.data.length;
  const result = zeros([2 * channels]);
  for (let c = 0; c < channels; c++) {
    const values = channel(x, c);
    const center = mean(values);
    const unbiased = values.reduce((sum, v) => sum + (v - center) ** 2, 0) / (values.length - 1);
    result.data[c] = 0.9 * (oldMean.data[c] as number) + 0.1 * center;
    result.data[channels + c] = 0.9 * (oldVariance.data[c] as number) + 0.1 * unbiased;
  }
  return result;
};

/** f of each element of `shape` with the inputs broadcast to it, as numpy does. */
export const elementwise = (
  shape: readonly number[],
  inputs: readonly Plain[],
  f: (...values: number[]) => number,
): Plain => {
  const y = zeros(shape);
  const steps = inputs.map((input) => {
    const padded = [...Array<number>(shape.length - input.shape.length).fill(1), ...input.shape];
    return padded.map((n, d) => (n === 1 ? 0 : elements(padded.slice(d + 1))));
  });
  const sizes = shape.map((_, d) => elements(shape.slice(d + 1)));
  for (let o = 0; o < y.data.length; o++) {
    const values = inputs.map((input, k) => {
      let at = 0;
      let rest = o;
      sizes.forEach((size, d) => {
        at += Math.floor(rest / size) * ((steps[k] as number[])[d] as number);
        rest %= size;
      });
      return input.data[at] as number;
    });
    y.data[o] = f(...values);
  }
  return y;
};

/**
 * Rearranges: each index of the result to the index of the input whose value it has, or undefined for `fill`.
 */
export const gathered = (
  shape: readonly number[],
  x: Plain,
  from: (at: readonly number[]) => readonly number[] | undefined,
  fill = 0,
): Plain => {
  const y = zeros(shape);
  const sizes = shape.map((_, d) => elements(shape.slice(d + 1)));
  const steps = x.shape.map((_, d) => elements(x.shape.slice(d + 1)));
  for (let o = 0; o < y.data.length; o++) {
    const at = shape.map((n, d) => Math.floor(o / (sizes[d] as number)) % n);
    const source = from(at);
    y.data[o] =
      source === undefined
        ? fill
        : (x.data[source.reduce((sum, i, d) => sum + i * (steps[d] as number), 0)] as number);
  }
  return y;
};

/** f of each row along the last axis. */
export const byRow = (x: Plain, columns: number, f: (row: readonly number[]) => readonly number[]): Plain => {
  const n = x.shape.at(-1) as number;
  const rows = x.data.length / n;
  const data = Float64Array.from(
    Array.from({ length: rows }, (_, r) => f(Array.from(x.data.subarray(r * n, (r + 1) * n)))).flat(),
  );
  return { shape: [...x.shape.slice(0, -1), columns], data };
};
