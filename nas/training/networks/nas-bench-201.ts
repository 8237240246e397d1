import type { NasBench201Genotype, NasBench201Operation } from '../../space/nas-bench-201.ts';
import type { ImageShape, Layers } from '../layers/layers.ts';
import { InvalidArchitectureError } from '../program.ts';
import type { BuildNetwork } from './network.ts';
import { describeNetwork, type Description } from '../layers/shape-layers.ts';
import { tensorLayers, type Mode } from '../layers/tensor-layers.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';

/** What cells are put into: three stages of N, with residual reductions between (Dong & Yang 2020, §2.1). */
interface NasBench201Skeleton {
  /** C; the benchmark has 16. */
  readonly channels: number;
  /** N; the benchmark has 5. */
  readonly cellsPerStage: number;
  readonly classes: number;
}

/** NAS-Bench-201's network of one cell. */
export interface NasBench201Spec extends NasBench201Skeleton {
  readonly genotype: NasBench201Genotype;
  readonly image: ImageShape;
}

/**
 * N of a network of so many searched cells: 15 for the benchmark's.
 *
 * @throws InvalidArchitectureError unless they make three equal stages.
 */
export const cellsPerStage = (layers: number): number => {
  if (layers % 3 !== 0)
    throw new InvalidArchitectureError(
      `${layers} layers: allowed: multiples of 3, because cells make three equal stages`,
    );
  return layers / 3;
};

/** ReLU, k × k convolution, batch norm. */
const reluConv = <T>(
  layers: Layers<T>,
  x: T,
  name: string,
  filters: number,
  kernel: 1 | 3,
  { stride = 1, affine = true, scale }: { stride?: 1 | 2; affine?: boolean; scale?: T | undefined } = {},
): T => {
  const padding = (kernel - 1) / 2;
  const y = layers.conv(layers.relu(x), `${name}.op.1`, {
    filters,
    kernel: [kernel, kernel],
    strides: [stride, stride],
    padding: [padding, padding],
  });
  return layers.batchNorm(y, `${name}.op.2`, affine, { scale });
};

/**
 * One operation of a cell. `scale` [C] multiplies the result of a convolution's batch norm without affine
 * parameters.
 */
export const nasBench201Operation = <T>(
  layers: Layers<T>,
  x: T,
  operation: NasBench201Operation,
  name: string,
  affine: boolean,
  scale?: T,
): T => {
  switch (operation) {
    case 'none':
      return layers.zero(x, 1);
    case 'skip_connect':
      return x;
    case 'nor_conv_1x1':
      return reluConv(layers, x, name, layers.shape(x)[2], 1, { affine, scale });
    case 'nor_conv_3x3':
      return reluConv(layers, x, name, layers.shape(x)[2], 3, { affine, scale });
    case 'avg_pool_3x3':
      return layers.averagePool3x3(x, 1);
  }
};

/** Gives an edge's value, from the state that it reads, as the terms of a sum. */
type EdgeTerms<T> = (x: T, edge: { readonly row: number; readonly name: string }) => readonly T[];

const NODES = 3;

/** Four states, each the sum of one operation of every earlier one; the last is the output. */
const cell = <T>(layers: Layers<T>, x: T, name: string, terms: EdgeTerms<T>): T => {
  const states = [x];
  let row = 0;
  for (let node = 0; node < NODES; node++)
    states.push(
      layers.add(
        states.flatMap((state) => {
          const edge = { row, name: `${name}.layers.${row}` };
          row++;
          return terms(state, edge);
        }),
      ),
    );
  return states[NODES] as T;
};

/** Basic residual block of stride 2, its shortcut a 2×2 average and a 1×1 convolution. */
const reduction = <T>(layers: Layers<T>, x: T, name: string, filters: number): T => {
  const [height, width] = layers.shape(x);
  if (height % 2 !== 0 || width % 2 !== 0)
    throw new InvalidArchitectureError(
      `an activation of ${height}×${width} cannot be halved; the image size must be divisible by 4`,
    );
  const main = reluConv(
    layers,
    reluConv(layers, x, `${name}.conv_a`, filters, 3, { stride: 2 }),
    `${name}.conv_b`,
    filters,
    3,
  );
  const shortcut = layers.conv(layers.averagePool(x, 2, 2), `${name}.downsample.1`, {
    filters,
    kernel: [1, 1],
    strides: [1, 1],
    padding: [0, 0],
  });
  return layers.add([shortcut, main]);
};

/** The skeleton with cells whose edges have the given values; logits as features [1, 1, classes]. */
export const nasBench201Network = <T>(
  layers: Layers<T>,
  { channels, cellsPerStage, classes }: NasBench201Skeleton,
  x: T,
  terms: EdgeTerms<T>,
): { readonly features: T; readonly logits: T } => {
  const stem = { filters: channels, kernel: [3, 3], strides: [1, 1], padding: [1, 1] } as const;
  let y = layers.batchNorm(layers.conv(x, 'stem.0', stem), 'stem.1', true);
  let index = 0;
  for (const stage of [0, 1, 2]) {
    if (stage > 0) y = reduction(layers, y, `cells.${index++}`, channels * 2 ** stage);
    for (let n = 0; n < cellsPerStage; n++) y = cell(layers, y, `cells.${index++}`, terms);
  }
  const features = layers.globalAverage(layers.relu(layers.batchNorm(y, 'lastact.0', true)));
  return { features, logits: layers.linear(features, 'classifier', classes) };
};

const network = <T>(layers: Layers<T>, spec: NasBench201Spec, x: T) =>
  nasBench201Network(layers, spec, x, (state, { row, name }) => [
    nasBench201Operation(layers, state, spec.genotype[row] as NasBench201Operation, name, true),
  ]);

/** The network of one cell as training programs build it; `layers` of its size are the searched cells. */
export const nasBench201Classifier =
  (genotype: NasBench201Genotype): BuildNetwork =>
  ({ size, classes }) => {
    const skeleton = { channels: size.channels, cellsPerStage: cellsPerStage(size.layers), classes };
    return (layers, x) => ({
      logits: nasBench201Network(layers, skeleton, x, (state, { row, name }) => [
        nasBench201Operation(layers, state, genotype[row] as NasBench201Operation, name, true),
      ]).logits,
    });
  };

/**
 * Parameters and multiply-adds.
 *
 * @throws InvalidArchitectureError if the image cannot be halved twice.
 */
export const describeNasBench201 = (spec: NasBench201Spec): Description =>
  describeNetwork(spec.image, (layers, x) => network(layers, spec, x));

/**
 * Pooled features [B, 4C] and logits [B, classes]; in training mode with batch norm's new running statistics.
 */
export const runNasBench201 = (
  tf: Tf,
  spec: NasBench201Spec,
  vars: Tensors,
  x: Tensor,
  mode: Mode,
): { readonly features: Tensor; readonly logits: Tensor; readonly buffers: Record<string, Tensor> } => {
  const layers = tensorLayers(tf, vars, mode);
  const { features, logits } = network(layers, spec, x);
  const flat = (tensor: Tensor): Tensor =>
    tf.reshape(tensor, [tensor.shape[0] as number, tensor.shape[3] as number]);
  return { features: flat(features), logits: flat(logits), buffers: layers.buffers };
};
