import { expect, it } from 'vitest';
import { runFleet } from '../../bench/orchestration/fleet.ts';

/** A minute on an idle machine of two cores. */
const TIMEOUT = 900_000;

it(
  'keeps 2,000 jobs in flight through the loss of its worker, and runs each trial once',
  { timeout: TIMEOUT },
  async () => {
    const { trials, scored, submitted, peak, events } = await runFleet(2000);
    expect(peak).toBe(2000);
    expect({ trials, scored, submitted }).toEqual({ trials: 2200, scored: 2200, submitted: 2200 });
    expect(events).toBeLessThan(30);
  },
);
