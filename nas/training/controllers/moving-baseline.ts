/** What rewards are worth above a moving average of them. */
interface Reinforced {
  /** Of each reward, in order. */
  readonly advantages: readonly number[];
  /** After the last one. */
  readonly baseline: number;
}

/**
 * Moves the baseline by each reward in turn, `baseline −= (1 − decay) · (baseline − reward)`, and reads it
 * after its update: an advantage is `decay` of what lay between the reward and the old baseline. ENAS' code,
 * `general_controller.py:283–290`, where the loss reads the variable after it was assigned.
 */
export const movingBaseline = (before: number, rewards: readonly number[], decay: number): Reinforced => {
  let baseline = before;
  const advantages = rewards.map((reward) => {
    baseline -= (1 - decay) * (baseline - reward);
    return reward - baseline;
  });
  return { advantages, baseline };
};
