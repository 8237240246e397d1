import { mean, sampleStandardDeviation } from 'simple-statistics';
import { randomFromSeed, type Random } from '../core/random.ts';
import { InvalidArchitectureError } from '../training/program.ts';
import type { NetworkFacts } from '../training/tasks/tensor-task.ts';

/**
 * As many are drawn as make the standard error of their mean cost this share of it, within the bounds below.
 */
const STANDARD_ERROR = 0.005;
/** The fewest that figures are of. */
export const FEWEST = 16;
/** The most. */
const MOST = 256;

const isSure = (networks: readonly NetworkFacts[]): boolean => {
  const n = networks.length;
  if (n < FEWEST) return false;
  const costs = networks.map(({ multiplyAdds }) => multiplyAdds);
  return sampleStandardDeviation(costs) <= STANDARD_ERROR * mean(costs) * Math.sqrt(n);
};

/**
 * Random networks that can be built, the same at every call; at most `most` are tried. Throws
 * `InvalidArchitectureError` where none can.
 */
export const drawnNetworks = (
  describe: (random: Random) => NetworkFacts,
  most = MOST,
): readonly NetworkFacts[] => {
  const random = randomFromSeed(0);
  const drawn: NetworkFacts[] = [];
  let failure: InvalidArchitectureError | undefined;
  for (let tried = 0; tried < most && !isSure(drawn); tried++)
    try {
      drawn.push(describe(random));
    } catch (error) {
      if (!(error instanceof InvalidArchitectureError)) throw error;
      failure = error;
    }
  if (drawn.length === 0) throw failure;
  return drawn;
};
