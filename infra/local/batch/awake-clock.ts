import type { State } from './state.ts';

/**
 * How long endpoints on this state have been at work, milliseconds. Neither a step of the machine's clock,
 * nor its sleep, nor the hours between one endpoint and the next count: timeouts and grace periods are
 * measured by it.
 */
export interface AwakeClock {
  now(): number;
  /**
   * The present reading, kept with the change that it is noted in, so that no later endpoint begins before
   * it.
   */
  stamp(): number;
  /** Called often; what it has not been called for does not count. */
  tick(): void;
}

/** Two ticks further apart were not two ticks of an endpoint that was awake. */
const LONGEST_STEP_MS = 5_000;
/** So much is forgotten at most when an endpoint is killed. */
const SAVED_EVERY_MS = 10_000;

/** Goes on where the endpoint before has stopped. `monotonic` is in milliseconds from anywhere. */
export const createAwakeClock = (state: State, monotonic: () => number): AwakeClock => {
  let awakeMs = state.tables.clock.get('current')?.awakeMs ?? 0;
  let savedMs = awakeMs;
  let last = monotonic();
  const now = (): number => {
    const present = monotonic();
    awakeMs += Math.min(LONGEST_STEP_MS, Math.max(0, present - last));
    last = present;
    return awakeMs;
  };
  const stamp = (): number => {
    savedMs = now();
    state.change(['clock', 'current', { awakeMs: savedMs }]);
    return savedMs;
  };
  return {
    now,
    stamp,
    tick: () => {
      if (now() - savedMs >= SAVED_EVERY_MS) stamp();
    },
  };
};
