import { geneticCnnStages, type GeneticCnnGenotype } from '../../space/genetic-cnn.ts';
import type { Layers } from '../layers/layers.ts';
import { convBlock } from './conv-block.ts';
import type { BuildNetwork } from './network.ts';

const KERNEL = [5, 5] as const;

/**
 * A stage of ordered nodes (§3.1): each sums the nodes it reads and convolves. The default input node
 * convolves what enters and feeds nodes without predecessors; the default output node sums nodes without
 * successors and convolves. Isolated nodes are ignored; with no edge at all the stage is a single
 * convolution.
 */
const stage = <T>(
  layers: Layers<T>,
  x: T,
  name: string,
  reads: readonly (readonly number[])[],
  filters: number,
): T => {
  const node = (y: T, which: string): T =>
    convBlock(layers, y, `${name}.${which}`, { filters, kernel: KERNEL });
  const input = node(x, 'input');
  const hasSuccessor = (i: number): boolean => reads.some((sources) => sources.includes(i));
  const isConnected = (i: number): boolean => (reads[i] ?? []).length > 0 || hasSuccessor(i);
  const states: T[] = [];
  reads.forEach((sources, i) => {
    if (!isConnected(i)) {
      states.push(input);
      return;
    }
    const incoming = sources.length === 0 ? [input] : sources.map((source) => states[source] as T);
    states.push(node(layers.add(incoming), `node${i + 1}`));
  });
  const ends = states.filter((_, i) => isConnected(i) && !hasSuccessor(i));
  return ends.length === 0 ? input : node(layers.add(ends), 'output');
};

/**
 * The networks of Xie & Yuille 2017: stages with 3 × 3 maximum pooling of stride 2 after each, a fully
 * connected layer of 16C units with dropout, and the classifier (§4.2: C = 8 filters in the first stage,
 * doubled in each, 5 × 5 kernels, 128 units, dropout 0.5 for CIFAR-10). `layers` of the network's size is not
 * used: the code says the depth.
 */
export const geneticCnnNetwork =
  (genotype: GeneticCnnGenotype): BuildNetwork =>
  ({ size, classes }) =>
  (layers, x) => {
    let y = x;
    geneticCnnStages(genotype).forEach((reads, s) => {
      y = stage(layers, y, `stages.${s}`, reads, size.channels * 2 ** s);
      y = layers.maxPool3x3(y, 2);
    });
    const features = layers.relu(layers.linear(layers.flatten(y), 'features', 16 * size.channels));
    return { logits: layers.linear(layers.dropout(features), 'classifier', classes) };
  };
