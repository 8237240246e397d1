/**
 * How long a run has been awake. A workflow sees no sleep: after the hours for which a machine was suspended,
 * a clock put forward or a stack down, its timers are late, and by how much they are late is what does not
 * count.
 */
export interface AwakeTime {
  readonly ms: number;
  /** When that was noted, milliseconds since 1970. */
  readonly at: number;
}

const between = (least: number, value: number, most: number): number =>
  Math.min(most, Math.max(least, value));

/** Milliseconds between two notes: a hundredth of the budget, which its history can bear. */
export const noteEvery = (budgetHours: number): number => between(2_000, budgetHours * 36_000, 600_000);

/** Adds what has passed since the last note, but no more than a timer that was in time could have left. */
export const noted = (awake: AwakeTime, now: number, every: number): AwakeTime => ({
  ms: awake.ms + between(0, now - awake.at, 1.5 * every),
  at: now,
});
