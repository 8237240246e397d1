import type { OneJobChoice } from '../../search/one-job/registry.ts';
import { SLOTS, viewOf, type SmashGenotype, type SmashOptions } from '../../space/smash-genotype.ts';
import { countParameters } from '../layers/counting.ts';
import type { NetworkSetting } from '../networks/network.ts';
import { smashFrame } from './smash-frame.ts';
import { smashHypernet } from './smash-hypernet.ts';
import { smashShapes } from './smash-path.ts';

const FLOAT_BYTES = 4;

/**
 * Multiply-adds that a call of the SMASH supernet computes for each image, forward: of the largest shapes but
 * for the taps of the convolutions, which are the architecture's own, with the HyperNet's share of a
 * minibatch of `batchSize`.
 */
export const smashMultiplyAdds = (
  options: SmashOptions,
  { image, classes, size }: NetworkSetting,
  hypernetSize: OneJobChoice<'smash'>['hypernet'],
  batchSize: number,
): ((genotype: SmashGenotype) => number) => {
  const unit = size.channels;
  const { inputs, memory, slices, channels } = smashShapes(options, unit);
  const [height, columns, colours] = image;
  const width = options.maxWidth * unit;
  const hypernet = smashHypernet(hypernetSize, [slices, options.maxWidth, channels], unit ** 2);
  const share = Math.round(hypernet.multiplyAdds / batchSize);
  const stem = height * columns * 49 * colours * (inputs[0] as number) * unit;
  const classifier = (memory.at(-1) as number) * unit * classes;
  return (genotype) =>
    viewOf(genotype).reduce(
      (sum, { ops }, b) => {
        const pixels = Math.floor(height / 2 ** b) * Math.floor(columns / 2 ** b);
        const held = (memory[b] as number) * unit;
        const readsAndWrites = 2 * options.depth * held * width;
        const taps = ops
          .flatMap(({ convs }) => convs.map((conv) => (conv === null ? 0 : conv[0] ** 2)))
          .reduce((total, n) => total + n, 0);
        const transition = (inputs[b + 1] ?? 0) * unit * held;
        return sum + pixels * (readsAndWrites + taps * width ** 2 + transition);
      },
      stem + classifier + share,
    );
};

/** What a training step of the SMASH supernet holds, by the architecture that it trains. */
interface SmashMemory {
  /** Trained weights of main network and HyperNet. */
  readonly parameters: number;
  /** Pixels of one image where it is smallest. */
  readonly leastPixels: number;
  /**
   * Bytes of the intermediate results of one image, float32, with the HyperNet's share of a minibatch: all,
   * and those that weights are multiplied with.
   */
  of(genotype: SmashGenotype): { readonly activationBytes: number; readonly keptBytes: number };
}

/** Sizes are the largest ones, as `smashMultiplyAdds` says; a convolution that is not there makes nothing. */
export const smashMemory = (
  options: SmashOptions,
  setting: NetworkSetting,
  hypernetSize: OneJobChoice<'smash'>['hypernet'],
  batchSize: number,
): SmashMemory => {
  const { unit, shapes, width, described } = smashFrame(options, setting);
  const { inputs, memory, slices, channels } = shapes;
  const { depth, maxWidth } = options;
  const hypernet = smashHypernet(hypernetSize, [slices, maxWidth, channels], unit ** 2);
  const [height, columns, colours] = setting.image;
  const pixelsOf = (block: number): number =>
    Math.floor(height / 2 ** block) * Math.floor(columns / 2 ** block);
  return {
    parameters: countParameters(described) + countParameters(hypernet),
    leastPixels: pixelsOf(memory.length - 1),
    of: (genotype) => {
      // The stem and its ReLU.
      let made = hypernet.results.made / batchSize + 2 * pixelsOf(0) * (inputs[0] as number) * unit;
      let read = hypernet.results.read / batchSize + pixelsOf(0) * colours;
      viewOf(genotype).forEach(({ ops }, b) => {
        const pixels = pixelsOf(b);
        const held = (memory[b] as number) * unit;
        const next = (inputs[b + 1] ?? 0) * unit;
        const convs = ops.flatMap((op) => op.convs);
        // Of each operation what it reads, rectified; the sum of its branches; what it writes, and the state.
        made += pixels * depth * (3 * width + 2 * held);
        read += pixels * depth * (width + held);
        convs.forEach((conv, i) => {
          if (conv === null) return;
          // A second convolution has a ReLU of its own; both first ones read one tensor.
          made += pixels * width * (1 + (i % 2));
          if (i % SLOTS !== 2 || convs[i - 2] === null) read += pixels * width;
        });
        // The padded state; batch norm, ReLU and mask behind it; the transition and its pooling.
        made += pixels * (4 * held + next) + (b + 1 < memory.length ? pixelsOf(b + 1) * next : 0);
        read += next === 0 ? 0 : pixels * held;
      });
      return { activationBytes: FLOAT_BYTES * made, keptBytes: FLOAT_BYTES * read };
    },
  };
};
