/** The first jobs of a queue, which GetJobQueueSnapshot tells, and since when each is where it is. */
export interface QueueFront {
  /** Notes where runnable jobs stand now. */
  note(runnable: Iterable<readonly [queue: string, ids: Iterable<string>]>, now: number): void;
  /** Jobs from the head on; `since` in milliseconds since 1970. */
  of(queue: string): readonly { readonly jobId: string; readonly since: number }[];
}

/** As many as AWS tells of. */
const LENGTH = 100;

export const createQueueFront = (): QueueFront => {
  const fronts = new Map<string, readonly { readonly jobId: string; readonly since: number }[]>();
  return {
    note: (runnable, now) => {
      for (const [queue, ids] of runnable) {
        const before = fronts.get(queue) ?? [];
        const front: { jobId: string; since: number }[] = [];
        for (const jobId of ids) {
          if (front.length === LENGTH) break;
          const there = before[front.length];
          front.push(there?.jobId === jobId ? there : { jobId, since: now });
        }
        fronts.set(queue, front);
      }
    },
    of: (queue) => fronts.get(queue) ?? [],
  };
};
