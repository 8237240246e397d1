import type { JobDocument } from '../../nas/job/job-document.ts';
import type { TrainingProgram } from '../../nas/training/program.ts';
import type { ProgramResources } from '../../nas/training/programs/resources.ts';
import type { ObjectStore } from '../../store/object-store.ts';

export interface CreatedProgram {
  readonly program: TrainingProgram;
  /** Versions and device it runs on, for the attempt's record. */
  readonly software: Readonly<Record<string, string>>;
}

/** What is told of a program while it is created and runs. */
interface ProgramEvents {
  /** What computes is loaded; nothing has been computed. */
  loaded(software: Readonly<Record<string, string>>): Promise<void>;
  /** Native code is about to do this. */
  begins(operation: string): void;
}

/** What one attempt runs with; everything that touches the outside is given. */
export interface AttemptSettings {
  readonly store: ObjectStore;
  readonly bucket: string;
  /** Key of the job document, or of the array's that the environment gives an index of. */
  readonly key: string;
  /** Identity of the numeric code, part of every checkpoint. */
  readonly codeVersion: string;
  /** Folder for blobs that jobs of this machine share. */
  readonly cache: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly createProgram: (
    document: JobDocument,
    resources: Omit<ProgramResources, 'tf'>,
    events: ProgramEvents,
  ) => Promise<CreatedProgram>;
  /** Calls back on SIGTERM and SIGINT; returns how to stop listening. */
  readonly listen: (onSignal: () => void) => () => void;
  /** Monotonic seconds. */
  readonly now: () => number;
  readonly log: (line: string) => void;
  /** Called after each step, before a checkpoint of it begins; drills end the process here. */
  readonly onStep?: (step: number) => void;
  /** Reads and writes are retried this long before storage counts as lost. */
  readonly retrySeconds: number;
  /** Time from a reclaim notice to the end of the instance. */
  readonly noticeSeconds: number;
}
