import {
  viewOf,
  type OperationView,
  type SmashConv,
  type SmashGenotype,
} from '../../space/smash-genotype.ts';
import type { Layers } from '../layers/layers.ts';
import type { BuildNetwork } from './network.ts';

const pointwise = <T>(layers: Layers<T>, x: T, name: string, filters: number): T =>
  layers.conv(x, name, { filters, kernel: [1, 1], strides: [1, 1], padding: [0, 0] });

const batchNormRelu = <T>(layers: Layers<T>, x: T, name: string): T =>
  layers.relu(layers.batchNorm(x, name, true));

/** Largest common divisor. */
const common = (a: number, b: number): number => (b === 0 ? a : common(b, a % b));

/** Groups that a convolution has where the genotype's number does not divide its channels. */
export const groupsFor = (groups: number, channelsIn: number, channelsOut: number): number =>
  common(groups, common(channelsIn, channelsOut));

/** ReLU and a convolution without batch norm, each group a convolution of its own. */
const reluConv = <T>(layers: Layers<T>, x: T, name: string, filters: number, conv: SmashConv): T => {
  const [kernel, dilation, wanted] = conv;
  const channels = layers.shape(x)[2];
  const groups = groupsFor(wanted, channels, filters);
  const half = (kernel - 1) / 2;
  const h = layers.relu(x);
  const parts = Array.from({ length: groups }, (_, group) => {
    const part = layers.channels(h, (group * channels) / groups, channels / groups);
    const at = groups === 1 ? name : `${name}.${group}`;
    return dilation === 1
      ? layers.conv(part, at, {
          filters: filters / groups,
          kernel: [kernel, kernel],
          strides: [1, 1],
          padding: [half, half],
        })
      : layers.dilatedConv(part, at, { filters: filters / groups, kernel, stride: 1, dilation });
  });
  return groups === 1 ? (parts[0] as T) : layers.concat(parts);
};

/** Batch norm, ReLU, 1×1 convolution, batch norm, then one or two branches of one or two convolutions. */
const operation = <T>(
  layers: Layers<T>,
  x: T,
  name: string,
  { bottleneck, width, convs }: OperationView,
  unit: number,
): T => {
  const h = layers.batchNorm(
    pointwise(layers, batchNormRelu(layers, x, `${name}.bn1`), `${name}.conv1`, bottleneck * unit),
    `${name}.bn2`,
    true,
  );
  const then = (y: T, slot: number): T => {
    const conv = convs[slot] ?? null;
    return conv === null ? y : reluConv(layers, y, `${name}.op.${slot}`, width * unit, conv);
  };
  const first = then(then(h, 0), 1);
  return convs[2] === null ? first : layers.add([first, then(then(h, 2), 3)]);
};

/**
 * The network of a SMASH architecture, trained from scratch with weights of its own (Brock et al. 2018, §3.1
 * and §4), as the authors' code builds it (ajbrock/SMASH 76aebd1, `layers.py:364–492`): batch norm around
 * each 1×1 convolution, none between the other convolutions. `size.channels` are the channels of a unit
 * (published: 8); `size.layers` is not read. There is no auxiliary head and no drop-path.
 */
export const smashNetwork =
  (genotype: SmashGenotype): BuildNetwork =>
  ({ size, classes }) => {
    const unit = size.channels;
    const views = viewOf(genotype);
    return <T>(layers: Layers<T>, image: T) => {
      let x = layers.conv(image, 'stem', {
        filters: (views[0]?.input as number) * unit,
        kernel: [7, 7],
        strides: [1, 1],
        padding: [3, 3],
      });
      genotype.blocks.forEach(({ bank, input, ops }, b) => {
        const channels = bank * unit;
        const banks = Array.from({ length: input / bank }, (_, i) =>
          layers.channels(x, i * channels, channels),
        );
        ops.forEach(({ read, width, write }, o) => {
          const name = `blocks.${b}.${o}`;
          const view = views[b]?.ops[o] as OperationView;
          const y = operation(layers, layers.concat(read.map((from) => banks[from] as T)), name, view, unit);
          const groups = width / bank;
          write.forEach((to, j) => {
            const part = layers.channels(y, (j % groups) * channels, channels);
            const old = banks[to];
            banks[to] = old === undefined ? part : layers.add([old, part]);
          });
        });
        const next = views[b + 1];
        const memory = batchNormRelu(layers, layers.concat(banks), `transitions.${b}.bn`);
        x =
          next === undefined
            ? memory
            : layers.averagePool(pointwise(layers, memory, `transitions.${b}.conv`, next.input * unit), 2, 2);
      });
      return { logits: layers.linear(layers.dropout(layers.globalAverage(x)), 'classifier', classes) };
    };
  };
