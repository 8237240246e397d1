import type { Json } from '../../core/json.ts';
import type { Random } from '../../core/random.ts';
import type { Space } from '../../space/space.ts';

/** Draws for a network that is not taken; a space that is nearly used up gives a taken one. */
const DRAWS = 64;

/** A uniform sample of the space that has no result and awaits none, as `isTaken` says. */
export const sampleUntaken = (space: Space, random: Random, isTaken: (genotype: Json) => boolean): Json => {
  let genotype = space.sample(random);
  for (let draw = 1; draw < DRAWS && isTaken(genotype); draw++) genotype = space.sample(random);
  return genotype;
};
