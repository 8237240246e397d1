import type { CountNetwork } from '../nas/experiment/measures.ts';
import type { StrategyPorts } from '../nas/search/strategy.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { StageNews } from '../workflows/contract.ts';
import type { BatchJobs } from './batch/batch-jobs.ts';
import type { JobWatcher } from './batch/job-watcher.ts';
import type { LocalCapacity } from './batch/local-capacity.ts';
import type { NoticeWatcher } from './batch/notice-watcher.ts';

/** What the activities work with; the worker's main builds it, tests replace parts of it. */
export interface Dependencies {
  readonly store: ObjectStore;
  readonly batch: BatchJobs;
  readonly watcher: JobWatcher;
  readonly notices: NoticeWatcher;
  /** Batch queue of experiments that name none. */
  readonly queue: string;
  /** Job definition of runs whose record names none. */
  readonly jobDefinition: string;
  /** `deploymentId`: whose jobs these are. */
  readonly deployment: string;
  /** What strategies need that is not pure: the tensor arithmetic of controllers. */
  readonly ports?: StrategyPorts;
  /** Counts networks by walking them over shapes. */
  readonly countNetwork: CountNetwork;
  /**
   * Tells the run's workflow what only a launch sees. Fails where that has ended; nothing depends on it but
   * the display.
   */
  readonly tell?: (runId: string, news: StageNews) => Promise<void>;
  /** Present on the embedded stack only. */
  readonly capacity?: LocalCapacity;
}
