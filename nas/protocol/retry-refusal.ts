import type { JobView, StageView } from './run-view.ts';

/**
 * Why a job of a run under way is not put back, or `undefined`: it must have ended without a result, in a
 * stage that still runs.
 */
export const retryRefusal = (
  { jobId, kind, outcome }: Pick<JobView, 'jobId' | 'kind' | 'outcome'>,
  stage: Pick<StageView, 'name' | 'status'>,
): string | undefined => {
  if (outcome === undefined) return `job ${jobId} has not ended`;
  if (outcome === 'succeeded') return `job ${jobId} has succeeded; nothing is to retry`;
  if (stage.status !== 'running')
    return `stage ${stage.name} of job ${jobId} is ${stage.status}. Fix: nas fork repeats a stage`;
  return kind === 'baseline'
    ? `job ${jobId} is a cell of the baseline, whose budget has already counted it`
    : undefined;
};
