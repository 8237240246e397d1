import type { Dependencies } from '../dependencies.ts';

/**
 * Tells a run's workflow why Batch lets a job wait. It may have ended meanwhile; nothing but the display
 * depends on it.
 */
export const tellWaiting =
  ({ tell }: Pick<Dependencies, 'tell'>, runId: string, jobId: string) =>
  (reason: string | undefined): void => {
    tell?.(runId, { kind: 'waits', jobId, ...(reason === undefined ? {} : { reason }) }).catch(
      () => undefined,
    );
  };
