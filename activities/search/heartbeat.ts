import type { Context } from '@temporalio/activity';

/** Also how soon a cancellation and steering are noticed. */
export const BEAT_MILLISECONDS = 2_000;

/** How long a strategy thinks before the process does other things, such as saying that it is alive. */
export const THINKING_MILLISECONDS = 500;

/** Says that the activity is alive for as long as the work takes. */
export const heartbeating = async <T>(context: Context, work: () => Promise<T>): Promise<T> => {
  const alive = setInterval(() => context.heartbeat(), BEAT_MILLISECONDS);
  try {
    return await work();
  } finally {
    clearInterval(alive);
  }
};
