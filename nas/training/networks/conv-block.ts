import type { Layers } from '../layers/layers.ts';

interface ConvBlockOptions {
  readonly filters: number;
  /** Odd lengths. */
  readonly kernel: readonly [number, number];
  readonly stride?: number;
}

/** Convolution padded to keep the size at stride 1, batch norm, ReLU. */
export const convBlock = <T>(
  layers: Layers<T>,
  x: T,
  name: string,
  { filters, kernel, stride = 1 }: ConvBlockOptions,
): T => {
  const [rows, columns] = kernel;
  const y = layers.conv(x, `${name}.conv`, {
    filters,
    kernel,
    strides: [stride, stride],
    padding: [(rows - 1) / 2, (columns - 1) / 2],
  });
  return layers.relu(layers.batchNorm(y, `${name}.bn`, true));
};

/** 2 × 2 maximum at every second pixel; a map of a single row or column stays as it is. */
export const halve = <T>(layers: Layers<T>, x: T): T => {
  const [height, width] = layers.shape(x);
  if (height < 2 || width < 2) return x;
  return layers.maxPool(x, { kernel: [2, 2], strides: [2, 2], padding: [0, 0] });
};

/** Global average, dropout, fully connected layer: the end of most networks. */
export const classify = <T>(layers: Layers<T>, x: T, classes: number): T =>
  layers.linear(layers.dropout(layers.globalAverage(x)), 'classifier', classes);
