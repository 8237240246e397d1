import { NAS_BENCH_MACRO_BLOCKS, type NasBenchMacroGenotype } from '../../space/nas-bench-macro.ts';
import type { Layers } from '../layers/layers.ts';
import { classify } from './conv-block.ts';
import type { BuildNetwork } from './network.ts';

/** Layers of each stage; the first of a stage halves the map, and stage s has 2^(s + 1) C channels. */
const STAGES = [2, 3, 3] as const;
/** Channels of the last convolution, in multiples of the stem's. */
const HEAD = 40;

type Block = (typeof NAS_BENCH_MACRO_BLOCKS)[number];

const conv = <T>(
  layers: Layers<T>,
  x: T,
  name: string,
  filters: number,
  kernel: 1 | 3,
  stride: 1 | 2 = 1,
): T => {
  const padding = (kernel - 1) / 2;
  const y = layers.conv(x, `${name}.conv`, {
    filters,
    kernel: [kernel, kernel],
    strides: [stride, stride],
    padding: [padding, padding],
  });
  return layers.batchNorm(y, `${name}.bn`, true);
};

/**
 * Expansion by 1 × 1, depthwise k × k, projection by 1 × 1 (MobileNetV2); residual where nothing changes
 * shape.
 */
const invertedResidual =
  (expansion: number, kernel: number) =>
  <T>(layers: Layers<T>, x: T, name: string, filters: number, stride: 1 | 2): T => {
    const channels = layers.shape(x)[2];
    let y = layers.relu6(conv(layers, x, `${name}.expand`, expansion * channels, 1));
    y = layers.depthwise(y, `${name}.depthwise.conv`, { kernel, stride, dilation: 1 });
    y = layers.relu6(layers.batchNorm(y, `${name}.depthwise.bn`, true));
    y = conv(layers, y, `${name}.project`, filters, 1);
    return stride === 1 && channels === filters ? layers.add([x, y]) : y;
  };

const BLOCKS = {
  skip: (layers, x, name, filters, stride) =>
    stride === 1 && layers.shape(x)[2] === filters ? x : conv(layers, x, name, filters, 1, stride),
  mb3_k3: invertedResidual(3, 3),
  mb6_k5: invertedResidual(6, 5),
} as const satisfies Record<
  Block,
  <T>(layers: Layers<T>, x: T, name: string, filters: number, stride: 1 | 2) => T
>;

/**
 * NAS-Bench-Macro's networks (Su et al. 2021, §4.4; the benchmark has C = 32): a 3 × 3 stem, eight choice
 * blocks in three stages, a 1 × 1 convolution to 40C channels and the classifier. Parameters and
 * multiply-adds are those of the table. `layers` of the network's size is not used.
 */
export const nasBenchMacroNetwork =
  (genotype: NasBenchMacroGenotype): BuildNetwork =>
  ({ size: { channels }, classes }) =>
  (layers, x) => {
    let y = layers.relu6(conv(layers, x, 'stem', channels, 3));
    let at = 0;
    STAGES.forEach((count, stage) => {
      for (let i = 0; i < count; i++) {
        const block = BLOCKS[NAS_BENCH_MACRO_BLOCKS[Number(genotype[at])] as Block];
        y = block(layers, y, `blocks.${at++}`, channels * 2 ** (stage + 1), i === 0 ? 2 : 1);
      }
    });
    return { logits: classify(layers, layers.relu6(conv(layers, y, 'head', HEAD * channels, 1)), classes) };
  };
