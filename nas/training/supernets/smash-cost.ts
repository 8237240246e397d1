import type { OneJobChoice } from '../../search/one-job/registry.ts';
import { viewOf, type SmashGenotype, type SmashOptions } from '../../space/smash-genotype.ts';
import type { NetworkSetting } from '../networks/network.ts';
import { smashHypernet } from './smash-hypernet.ts';
import { smashShapes } from './smash-path.ts';

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
  const hypernet = smashHypernet(hypernetSize, [slices, options.maxWidth, channels], unit);
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
