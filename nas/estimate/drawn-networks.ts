import { mean, sampleStandardDeviation } from 'simple-statistics';
import { randomFromSeed, type Random } from '../core/random.ts';
import { InvalidArchitectureError } from '../training/program.ts';

/**
 * As many are drawn as make the standard error of their mean cost this share of it, within the bounds below.
 */
const STANDARD_ERROR = 0.005;
/** The fewest that figures are of. */
export const FEWEST = 16;
/** The most. */
const MOST = 256;

const isSure = (costs: readonly number[]): boolean => {
  const n = costs.length;
  return n >= FEWEST && sampleStandardDeviation(costs) <= STANDARD_ERROR * mean(costs) * Math.sqrt(n);
};

/**
 * What is described of random networks that can be built, the same at every call; at most `most` are tried.
 * Throws `InvalidArchitectureError` where none can.
 */
export const drawnNetworks = <Described>(
  describe: (random: Random) => Described,
  costOf: (described: Described) => number,
  most = MOST,
): readonly Described[] => {
  const random = randomFromSeed(0);
  const drawn: Described[] = [];
  const costs: number[] = [];
  let failure: InvalidArchitectureError | undefined;
  for (let tried = 0; tried < most && !isSure(costs); tried++)
    try {
      const described = describe(random);
      drawn.push(described);
      costs.push(costOf(described));
    } catch (error) {
      if (!(error instanceof InvalidArchitectureError)) throw error;
      failure = error;
    }
  if (drawn.length === 0) throw failure;
  return drawn;
};
