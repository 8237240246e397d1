import type { JobProgress } from '../../nas/job/progress.ts';
import type { Snapshot } from '../../nas/training/program.ts';
import type { CheckpointIdentity } from '../../store/checkpoint-documents.ts';
import type { Lease } from '../../store/leases.ts';
import type { BatchAttemptRef } from './handover.ts';
import type { Notice } from './metadata-service.ts';

/** Everything the sidecar thread needs; plain data. */
export interface SidecarData {
  readonly bucket: string;
  readonly runId: string;
  readonly jobId: string;
  readonly lease: Lease;
  readonly batch: BatchAttemptRef;
  readonly identity: CheckpointIdentity;
  readonly keep: number;
  /** How long a write is retried before storage counts as lost. */
  readonly retrySeconds: number;
  readonly metadata: { readonly endpoint: string; readonly pollSeconds: number };
  readonly progressSeconds: number;
  readonly fenceSeconds: number;
}

export type ToSidecar =
  | { readonly kind: 'save'; readonly id: number; readonly snapshot: Snapshot }
  | {
      readonly kind: 'progress';
      readonly progress: Omit<JobProgress, 'updatedAt'>;
      /**
       * Present where it is to be published at once: one int32, set to 1 and notified when that is done or
       * has failed.
       */
      readonly published?: SharedArrayBuffer;
    }
  | { readonly kind: 'close' };

/** One acknowledged checkpoint. */
export interface SaveReport {
  readonly step: number;
  /** Seconds from the request to the acknowledgement by storage. */
  readonly seconds: number;
  readonly bytesUploaded: number;
  readonly bytesReused: number;
}

export type FromSidecar =
  | { readonly kind: 'ready' }
  | { readonly kind: 'saved'; readonly id: number; readonly report: SaveReport }
  /** A newer snapshot arrived before this one could be written. */
  | { readonly kind: 'superseded'; readonly id: number }
  | { readonly kind: 'save-failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'notice'; readonly notice: Notice }
  /** A newer attempt holds the lease. */
  | { readonly kind: 'fenced'; readonly newerEpoch: number }
  | { readonly kind: 'closed' };
