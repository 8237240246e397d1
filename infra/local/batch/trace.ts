import type { Endpoint } from './endpoint.ts';
import { setCapacity } from './reclaim.ts';
import type { Replay, RunningReplay } from './replay.ts';

/** The next point at which the series changes, from `from` on; undefined when it does not change any more. */
export const nextChange = (data: readonly number[], from: number): number | undefined => {
  for (let i = from + 1; i < data.length; i++) if (data[i] !== data[i - 1]) return i;
  return undefined;
};

interface TracePlayer {
  /**
   * Plays a trace instead of the one that plays: capacity follows its points, and spot jobs beyond them are
   * reclaimed.
   */
  play(replay: Replay): void;
  stop(): void;
  /** Leaves the replay to the next endpoint on the same state. */
  close(): void;
}

/**
 * Goes on at once with the replay that was under way when the endpoint last ended: time has passed for it all
 * the same.
 */
export const createTracePlayer = (endpoint: Endpoint): TracePlayer => {
  const { state, options } = endpoint;
  let timer: NodeJS.Timeout | undefined;

  const wait = (replay: RunningReplay): void => {
    const { trace, timeScale, start, beganAt, shown } = replay;
    const pointMs = (trace.metadata.gap_seconds * options.secondMs) / timeScale;
    const next = nextChange(trace.data, shown);
    if (next === undefined) return state.change(['replays', 'current', null]);
    state.change(['replays', 'current', replay]);
    timer = setTimeout(
      () => show(replay, next),
      Math.max(0, beganAt + (next - start) * pointMs - Date.now()),
    );
  };
  const show = (replay: RunningReplay, point: number): void => {
    setCapacity(endpoint, replay.trace.data[point] ?? 0, { noticeSeconds: replay.noticeSeconds });
    wait({ ...replay, shown: point });
  };

  const kept = state.tables.replays.get('current');
  if (kept !== undefined) wait(kept);
  return {
    play: (replay) => {
      clearTimeout(timer);
      show({ ...replay, beganAt: Date.now(), shown: replay.start }, replay.start);
    },
    stop: () => {
      clearTimeout(timer);
      state.change(['replays', 'current', null]);
    },
    close: () => clearTimeout(timer),
  };
};
