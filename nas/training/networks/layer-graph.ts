import { sourcesOf, type GraphLayer, type LayerGraph, type LayerLabel } from '../../space/layer-graph.ts';
import type { Layers } from '../layers/layers.ts';
import { convBlock, halve } from './conv-block.ts';
import type { BuildNetwork } from './network.ts';
import { scaledWidth } from './width.ts';

const KERNELS = { conv3: 3, conv5: 5, conv7: 7 } as const satisfies Partial<Record<LayerLabel, number>>;

/** Halves a map by 2 × 2 averages until it is no larger than the given height. */
const pooledTo = <T>(layers: Layers<T>, x: T, height: number): T =>
  layers.shape(x)[0] <= height ? x : pooledTo(layers, layers.averagePool(x, 2, 2), height);

/** The sum of a vertex's inputs: larger maps are pooled down to the smallest, missing channels are zero. */
const summed = <T>(layers: Layers<T>, xs: readonly T[]): T => {
  const height = Math.min(...xs.map((x) => layers.shape(x)[0]));
  const sized = xs.map((x) => pooledTo(layers, x, height));
  const [h, w] = layers.shape(sized[0] as T);
  const channels = Math.max(...sized.map((x) => layers.shape(x)[2]));
  return layers.add(sized.map((x) => layers.zeroPad(x, [h, w, channels])));
};

/** Maps as features, by their global average; features stay as they are. */
const features = <T>(layers: Layers<T>, x: T): T => {
  const [h, w] = layers.shape(x);
  return h === 1 && w === 1 ? x : layers.globalAverage(x);
};

const pool = <T>(layers: Layers<T>, x: T, label: 'max_pool' | 'avg_pool'): T => {
  if (label === 'max_pool') return halve(layers, x);
  const [h, w] = layers.shape(x);
  return h < 2 || w < 2 ? x : layers.averagePool(x, 2, 2);
};

/**
 * The networks of layer graphs: NASBOT's (Kandasamy et al. 2018, §2 and appendix) and Auto-Keras' (Jin et al.
 * 2019). A convolution is followed by batch norm and ReLU, a fully connected layer by ReLU; the output is a
 * softmax layer after dropout.
 *
 * Deviations: fully connected layers read the global average of maps; a map of one pixel is not pooled; units
 * are scaled by `channels` / 16, and `layers` of the network's size is not used.
 */
export const layerGraphNetwork =
  (graph: LayerGraph): BuildNetwork =>
  ({ size, classes }) =>
  <T>(layers: Layers<T>, x: T) => {
    const sources = sourcesOf(graph);
    const values: T[] = [x];
    const incoming = (vertex: number): readonly T[] =>
      (sources[vertex] as readonly number[]).map((source) => values[source] as T);
    const apply = ({ label, units }: GraphLayer, vertex: number): T => {
      const name = `layers.${vertex}`;
      const filters = scaledWidth(units, size);
      switch (label) {
        case 'conv3':
        case 'conv5':
        case 'conv7': {
          const kernel = KERNELS[label];
          return convBlock(layers, summed(layers, incoming(vertex)), name, {
            filters,
            kernel: [kernel, kernel],
          });
        }
        case 'max_pool':
        case 'avg_pool':
          return pool(layers, summed(layers, incoming(vertex)), label);
        case 'fc': {
          const inputs = incoming(vertex).map((value) => features(layers, value));
          return layers.relu(layers.linear(summed(layers, inputs), name, filters));
        }
      }
    };
    graph.layers.forEach((layer, i) => values.push(apply(layer, i + 1)));
    const last = incoming(graph.layers.length + 1).map((value) => features(layers, value));
    return { logits: layers.linear(layers.dropout(summed(layers, last)), 'classifier', classes) };
  };
