import { ActivityFailure, ChildWorkflowFailure } from '@temporalio/workflow';
import { errorText } from '../nas/core/error-text.ts';

/**
 * Why a workflow failed, for people: what Temporal wraps around a failure says only that there was one, so it
 * is left out but for the activity's name; then the outermost words, which name the key, the job and the fix,
 * and the causes.
 */
export const failureText = (error: unknown): string => {
  if (error instanceof ChildWorkflowFailure && error.cause !== undefined) return failureText(error.cause);
  if (error instanceof ActivityFailure && error.cause !== undefined)
    return `${error.activityType}: ${errorText(error.cause)}`;
  return errorText(error);
};
