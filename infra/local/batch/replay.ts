import { z } from 'zod';

/** A recorded series of how many spot instances were available, one point every `gap_seconds`. */
export const traceSchema = z.object({
  metadata: z.object({ gap_seconds: z.number().positive() }),
  data: z.array(z.number().int().min(0)).min(1),
});
export type Trace = z.infer<typeof traceSchema>;

/** How a trace is played. */
export interface Replay {
  readonly trace: Trace;
  /** Trace seconds that pass in one emulated second. */
  readonly timeScale: number;
  readonly noticeSeconds: number;
  /** First point played. */
  readonly start: number;
}

/** A replay under way, as it is kept. */
export interface RunningReplay extends Replay {
  /** When its first point was shown, ms since the epoch. */
  readonly beganAt: number;
  /** The point that was shown last. */
  readonly shown: number;
}
