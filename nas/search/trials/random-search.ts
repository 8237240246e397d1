import { z } from 'zod';
import type { StrategyDefinition } from '../strategy.ts';

type Options = Record<string, never>;

const NO_OPTIONS = z.strictObject({}) as unknown as z.ZodType<Options>;

/** Uniform random search: the baseline of every comparison (Li & Talwalkar 2019, §3.1). No deviations. */
export const randomSearch: StrategyDefinition<Options, null> = {
  name: 'random',
  source: 'Li & Talwalkar 2019, "Random Search and Reproducibility for Neural Architecture Search", §3.1',
  repeats: 'Li & Talwalkar 2019, §3.1: samples are independent',
  options: () => NO_OPTIONS,
  init: () => null,
  propose: (_, { space, random }) => ({ genotype: space.sample(random) }),
  learn: (model) => model,
};
