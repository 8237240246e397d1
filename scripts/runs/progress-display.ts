import type { LiveView } from './live-view.ts';

/** Shows a run's progress on stderr. */
export interface ProgressDisplay {
  show(view: LiveView): void;
  /** A line about the watching itself. */
  say(line: string): void;
  close(): void;
}
