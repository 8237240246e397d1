import type { Json } from '../../core/json.ts';
import type { Space } from '../../space/space.ts';

/** 64 bits of the canonical hash: enough to tell millions of networks apart. */
const KEY_LENGTH = 16;

/** What a state remembers a network by: equal for genotypes that describe the same one. */
export const networkKey = (genotype: Json, space: Space): string => space.hash(genotype).slice(0, KEY_LENGTH);
