/**
 * Running mean and variance of rewards, so that one learning rate serves tables in percent, fractions or
 * cubes of them: exponentially weighted, with weights that sum to one from the first reward on. Updated by
 * differences from the mean (West 1979, "Updating mean and variance estimates"), so that equal rewards have
 * no spread at all.
 */
export type RewardScale = {
  readonly mean: number;
  readonly variance: number;
  /** Sum of the weights decay^k of the rewards so far, the newest with k = 0. */
  readonly weight: number;
};

export const freshScale: RewardScale = { mean: 0, variance: 0, weight: 0 };

export const updateScale = (
  { mean, variance, weight }: RewardScale,
  reward: number,
  decay: number,
): RewardScale => {
  const sum = decay * weight + 1;
  const share = 1 / sum;
  const distance = reward - mean;
  return {
    mean: mean + share * distance,
    variance: (1 - share) * (variance + share * distance * distance),
    weight: sum,
  };
};

/** (reward − baseline) / spread, before the reward itself enters the scale; 0 while no spread is known. */
export const advantage = ({ mean, variance }: RewardScale, reward: number): number =>
  variance === 0 ? 0 : Math.max(-3, Math.min(3, (reward - mean) / Math.sqrt(variance)));

/** The score that an infeasible network counts as: the worst known, or nothing while none is known. */
export const worseOf = (worst: number | null, score: number | undefined): number | null =>
  score === undefined ? worst : worst === null ? score : Math.min(worst, score);
