import type { TrialEvent } from '../../nas/search/trial-log.ts';

/**
 * How long a strategy has thought, over all workers that carried its search out. What a restart replays is
 * not counted again; less than a second that no event said is lost with its worker.
 */
export interface Thinking {
  /** Takes over what the events of a log say. */
  replay(events: readonly TrialEvent[]): void;
  /** Counts what these events took; from a second on their last question says it, in whole seconds. */
  add(events: readonly TrialEvent[], seconds: number): readonly TrialEvent[];
  seconds(): number;
}

export const createThinking = (): Thinking => {
  let said = 0;
  let unsaid = 0;
  return {
    replay: (events) => {
      for (const event of events) if (event.kind === 'asked') said += event.seconds ?? 0;
    },
    add: (events, seconds) => {
      unsaid += seconds;
      const whole = Math.floor(unsaid);
      const last = events.findLastIndex(({ kind }) => kind === 'asked');
      const question = events[last];
      if (whole === 0 || question?.kind !== 'asked') return events;
      said += whole;
      unsaid -= whole;
      return events.with(last, { ...question, seconds: whole });
    },
    seconds: () => said + unsaid,
  };
};
