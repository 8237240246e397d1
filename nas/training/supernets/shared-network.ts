import type { Json } from '../../core/json.ts';
import type { ScoreStatistics } from '../../space/definitions/definition.ts';
import type { Layers } from '../layers/layers.ts';
import type { NetworkSetting } from '../networks/network.ts';
import type { Choices } from './enas-choices.ts';

/** All children of one space at one size, over weights that they share by their choices. */
export interface SharedNetwork {
  readonly pathLength: number;
  /** Those that ENAS' authors score its children by; `batch` where they have no such space. */
  readonly scoreStatistics: ScoreStatistics;
  encodePath(genotype: Json): Int32Array;
  /** Logits as features [1, 1, classes]. */
  network<T>(layers: Layers<T>, x: T, choices: Choices<T>): T;
}

/** How the children of a space share weights, given its options. */
export type ShareNetwork<Choice> = (space: Choice, setting: NetworkSetting) => SharedNetwork;
