import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { failureText } from '../../workflows/failure-text.ts';

const activity = (cause: Error): ActivityFailure =>
  new ActivityFailure('Activity task failed', 'launchJob', '1', 'NON_RETRYABLE_FAILURE', 'worker', cause);
const child = (cause: Error): ChildWorkflowFailure =>
  new ChildWorkflowFailure(
    'default',
    { workflowId: 'q/stage-1', runId: 'r' },
    'proxySearch',
    'NON_RETRYABLE_FAILURE',
    cause,
  );

describe('why a workflow failed', () => {
  const words = 's3://nas/runs/q/stage-1/job.json: damaged. Fix: restore it';
  const failure = ApplicationFailure.create({ message: words, cause: new Error('Unexpected token') });

  it.each<[string, unknown, string]>([
    [
      'the object and the fix before the innermost cause',
      child(activity(failure)),
      `launchJob: ${words} (cause: Unexpected token)`,
    ],
    [
      'through stages and jobs',
      child(child(activity(failure))),
      `launchJob: ${words} (cause: Unexpected token)`,
    ],
    [
      'the activity where the failure names nothing',
      activity(new TimeoutFailure('activity Heartbeat timeout', undefined, 'HEARTBEAT')),
      'launchJob: activity Heartbeat timeout',
    ],
    ['a failure of the workflow itself', ApplicationFailure.nonRetryable('a'), 'a'],
  ])('says %s', (_, error, text) => {
    expect(failureText(error)).toBe(text);
  });
});
