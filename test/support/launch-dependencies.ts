import type { BatchJobs } from '../../activities/batch/batch-jobs.ts';
import type { Dependencies } from '../../activities/dependencies.ts';
import { createJobWatcher } from '../../activities/batch/job-watcher.ts';
import { createNoticeWatcher } from '../../activities/batch/notice-watcher.ts';
import { countNetwork } from '../../nas/training/tasks/count-network.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** Deployment of the tests' worker. */
export const DEPLOYMENT = 'default/bucket/00000000-0000-0000-0000-000000000001';

/** What launches work with, over a store and a Batch of the test's own, both watched closely. */
export const launchDependencies = (store: ObjectStore, batch: BatchJobs, noticePoll = 5): Dependencies => ({
  store,
  batch,
  watcher: createJobWatcher({ describe: batch.describe, poll: { min: 1, max: 5 } }),
  notices: createNoticeWatcher({ store, pollMilliseconds: noticePoll }),
  queue: 'queue',
  jobDefinition: 'trainer',
  deployment: DEPLOYMENT,
  countNetwork,
});
