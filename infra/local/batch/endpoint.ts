import type { AwakeClock } from './awake-clock.ts';
import type { Jobs } from './jobs.ts';
import type { Options } from './options.ts';
import type { Scheduler } from './scheduler.ts';
import type { State } from './state.ts';

/** What every operation works on. */
export interface Endpoint {
  readonly state: State;
  readonly jobs: Jobs;
  readonly scheduler: Scheduler;
  readonly clock: AwakeClock;
  readonly options: Options;
}
