import { z } from 'zod';
import type { Json } from '../core/json.ts';

const count = z.number().int().min(0);

/**
 * A change of a network that can leave what it computes as it was (Chen, Goodfellow & Shlens 2016,
 * "Net2Net"). Layers with weights are numbered from the input on, the classifier not counted.
 */
export const growthEditSchema = z.discriminatedUnion('kind', [
  /** Net2Wider: the layer gets `width` channels, as genotypes state them. */
  z.strictObject({ kind: z.literal('widen'), layer: count, width: count.min(1) }),
  /** Net2Deeper: an identity layer of equal width right behind the layer; `kernel` of a dense layer is 1. */
  z.strictObject({ kind: z.literal('deepen'), layer: count, kernel: count.min(1) }),
]);
export type GrowthEdit = z.infer<typeof growthEditSchema>;

/**
 * How the networks of a space grow out of one another, as a controller that reads them layer by layer sees
 * it.
 */
export interface Growth<G extends Json> {
  /** The network that a search starts from. */
  readonly start: G;
  /** Number of different tokens. */
  readonly vocabulary: number;
  /** One token for each layer, those without weights included, the classifier not. */
  tokens(genotype: G): readonly number[];
  /** For each token, the edit that makes its layer one step wider; undefined where there is none. */
  wider(genotype: G): readonly (GrowthEdit | undefined)[];
  /** Blocks of a network; all networks of the space have as many. */
  readonly blocks: number;
  /** Layers of a block at most. */
  readonly blockLayers: number;
  /** For each block, after how many of its layers another one may be put: all, or none of a full block. */
  places(genotype: G): readonly number[];
  /** Kernel sizes that a new layer may have. */
  readonly kernels: readonly number[];
  /** The edit that puts a layer with the kernel of that number after layer `place` of a block. */
  deeper(genotype: G, block: number, place: number, kernel: number): GrowthEdit;
  /** Whether new layers of the block have a choice of kernels. */
  hasKernels(block: number): boolean;
  /** The genotype after an edit that one of the functions above gave for it. */
  apply(genotype: G, edit: GrowthEdit): G;
}
