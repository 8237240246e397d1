import { nasRlLooseEnds, nasRlSources, type NasRlGenotype } from '../../space/nas-rl.ts';
import type { ImageShape, Layers } from '../layers/layers.ts';
import { classify, convBlock } from './conv-block.ts';
import type { BuildNetwork } from './network.ts';
import { scaledWidth } from './width.ts';

/** Maps concatenated along channels, the smaller ones zero-padded to the largest height and width (§3.3). */
const joined = <T>(layers: Layers<T>, xs: readonly T[]): T => {
  if (xs.length === 1) return xs[0] as T;
  const shapes = xs.map((x) => layers.shape(x));
  const height = Math.max(...shapes.map(([h]) => h));
  const width = Math.max(...shapes.map(([, w]) => w));
  return layers.concat(xs.map((x, i) => layers.zeroPad(x, [height, width, (shapes[i] as ImageShape)[2]])));
};

/**
 * The convolutional networks of Zoph & Le 2017, §3.3–3.4: each layer reads the layers that its skip bits
 * name, concatenated, or the image where they name none; the classifier reads all layers that no other reads,
 * concatenated. Convolutions are followed by batch norm and ReLU.
 *
 * Deviations: the classifier reads the global average of what it reads; filters are scaled by `channels` /
 * 16, and `layers` of the network's size is not used.
 */
export const nasRlNetwork =
  (genotype: NasRlGenotype): BuildNetwork =>
  ({ size, classes }) =>
  (layers, x) => {
    const sources = nasRlSources(genotype);
    const outputs: (typeof x)[] = [];
    const outputsOf = (from: readonly number[]) => from.map((i) => outputs[i] as typeof x);
    genotype.forEach(({ type, height, width, filters, stride }, i) => {
      const from = sources[i] as readonly number[];
      const input = from.length === 0 ? x : joined(layers, outputsOf(from));
      const kernel = [height, width] as const;
      outputs.push(
        type === 'conv'
          ? convBlock(layers, input, `layers.${i}`, { filters: scaledWidth(filters, size), kernel, stride })
          : layers.maxPool(input, {
              kernel,
              strides: [stride, stride],
              padding: [(height - 1) / 2, (width - 1) / 2],
            }),
      );
    });
    return { logits: classify(layers, joined(layers, outputsOf(nasRlLooseEnds(genotype))), classes) };
  };
