import type { HostTensor } from '../../program.ts';
import type { ConvolutionOptions, ImageShape, Layers, PoolingWindow } from '../../layers/layers.ts';
import { describeNetwork } from '../../layers/shape-layers.ts';
import type { Edge, Supernet } from '../../supernets/supernet.ts';

/**
 * What an operation costs: weights of its convolutions, multiply-adds, and elements that it reads and writes,
 * weights included.
 */
interface OperationCost {
  size: number;
  flops: number;
  memory: number;
}

/** The three measures in the order in which a cost tensor holds them. */
export const MEASURES = ['size', 'flops', 'memory'] as const satisfies readonly (keyof OperationCost)[];

const elements = (shape: ImageShape): number => shape.reduce((size, n) => size * n, 1);
const area = ([a, b]: readonly [number, number]): number => a * b;
const SQUARE = { kernel: [3, 3], padding: [1, 1] } as const;

/** The layers, adding to `cost` what each convolution and pool costs. */
const counted = (layers: Layers<ImageShape>, cost: OperationCost): Layers<ImageShape> => {
  const add = (size: number, flops: number, read: number, written: number): void => {
    cost.size += size;
    cost.flops += flops;
    cost.memory += read + written + size;
  };
  const convolution = (
    x: ImageShape,
    y: ImageShape,
    size: number,
    strides: ConvolutionOptions['strides'],
  ): ImageShape => {
    const pixels = y[0] * y[1];
    add(size, size * pixels, area(strides) * pixels * x[2], elements(y));
    return y;
  };
  const pool = (y: ImageShape, { kernel, strides }: PoolingWindow): ImageShape => {
    add(0, area(kernel) * elements(y), area(strides) * elements(y), elements(y));
    return y;
  };
  const square = (stride: 1 | 2): PoolingWindow => ({ ...SQUARE, strides: [stride, stride] });
  return {
    ...layers,
    conv: (x, name, options) =>
      convolution(
        x,
        layers.conv(x, name, options),
        area(options.kernel) * x[2] * options.filters,
        options.strides,
      ),
    dilatedConv: (x, name, options) => {
      const { kernel, filters, stride } = options;
      const y = layers.dilatedConv(x, name, options);
      return convolution(x, y, kernel * kernel * x[2] * filters, [stride, stride]);
    },
    depthwise: (x, name, options) => {
      const { kernel, stride } = options;
      return convolution(x, layers.depthwise(x, name, options), kernel * kernel * x[2], [stride, stride]);
    },
    maxPool: (x, window) => pool(layers.maxPool(x, window), window),
    maxPool3x3: (x, stride) => pool(layers.maxPool3x3(x, stride), square(stride)),
    averagePool3x3: (x, stride) => pool(layers.averagePool3x3(x, stride), square(stride)),
    averagePool: (x, size, stride) =>
      pool(layers.averagePool(x, size, stride), {
        kernel: [size, size],
        strides: [stride, stride],
        padding: [0, 0],
      }),
  };
};

/**
 * What an operation costs on an edge, counted as SNAS' authors count (SNAS-Series/SNAS-Series 9a43adb,
 * SNAS/operations.py:24–239): batch norm and ReLU are free, a pool has a multiply-add for each pixel of its
 * windows, a window of stride 2 reads four pixels for each that it writes, the identity reads and writes,
 * zero is free.
 */
const operationCost = (
  supernet: Supernet,
  state: ImageShape,
  operation: number,
  edge: Edge,
): OperationCost => {
  const cost = { size: 0, flops: 0, memory: 0 };
  if (operation === 0) return cost;
  describeNetwork(state, (layers, x) => {
    const y = supernet.candidate(counted(layers, cost), x, operation, edge);
    if (y === x) cost.memory = 2 * elements(x);
  });
  return cost;
};

/**
 * Costs of every cell: [cells, measures, edges, operations] by kind of cell, cells in the order in which the
 * network has them.
 */
export const edgeCosts = (supernet: Supernet): Readonly<Record<string, HostTensor>> => {
  const { kinds, operations } = supernet;
  const cells = new Map<string, OperationCost[][][]>(Object.keys(kinds).map((kind) => [kind, []]));
  let current: OperationCost[][] = [];
  let currentKind = '';
  describeNetwork(supernet.image, (layers, x) =>
    supernet.network(layers, x, (state, edge) => {
      if (edge.kind !== currentKind || current[edge.row] !== undefined) {
        current = [];
        currentKind = edge.kind;
        cells.get(edge.kind)?.push(current);
      }
      current[edge.row] = operations.map((_, operation) => operationCost(supernet, state, operation, edge));
      return operations.map((_, operation) => supernet.candidate(layers, state, operation, edge));
    }),
  );
  return Object.fromEntries(
    [...cells].map(([kind, list]): [string, HostTensor] => {
      const data = list.flatMap((rows) =>
        MEASURES.flatMap((measure) => rows.flatMap((row) => row.map((cost) => cost[measure]))),
      );
      const shape = [list.length, MEASURES.length, kinds[kind] as number, operations.length];
      return [kind, { dtype: 'float32', shape, data: Float32Array.from(data) }];
    }),
  );
};
