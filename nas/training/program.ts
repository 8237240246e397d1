import type { Json } from '../core/json.ts';
import type { ProgramResult } from '../job/program-result.ts';

/** A tensor in host memory, row-major, little-endian. */
export interface HostTensor {
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** Everything that determines the rest of a program: restoring it continues bit for bit. */
export interface Snapshot {
  /** Units of work done. */
  readonly step: number;
  /** Weights, batch-norm buffers, optimiser slots, alphas or controller. */
  readonly tensors: Readonly<Record<string, HostTensor>>;
  /** Random generators, data position, curve, scores, phase. */
  readonly state: Json;
}

/**
 * A training program: a resumable sequence of `totalSteps` units of work (a training minibatch, or a scoring
 * minibatch). It knows neither storage nor Temporal; the trainer's main loop owns time, checkpoints and
 * signals. Programs are created fresh from a spec and then possibly moved to a snapshot with `restore`.
 */
export interface TrainingProgram {
  readonly totalSteps: number;
  /** Steps done so far. */
  readonly step: number;
  /** Does one unit of work. Throws `DivergedError` on a non-finite loss, before any state changes. */
  advance(): Promise<void>;
  /** Copies the whole state to host memory; the program may go on while the copy is written. */
  snapshot(): Snapshot;
  restore(snapshot: Snapshot): void;
  /** Numbers for progress displays; changes nothing. */
  progress(): {
    readonly phase: string;
    /** Of the last minibatch. */
    readonly loss?: number;
    /** Its score, of the task's metric. */
    readonly accuracy?: number;
    /** Newest of its learning curve, from 1. */
    readonly trainingEpoch?: number;
    /** Best validation score so far, of an epoch or, in a search, of a scored architecture. */
    readonly bestAccuracy?: number;
  };
  /** The result; only after `step === totalSteps`. */
  result(): ProgramResult;
  /** The network as it is now; absent where the program does not train one network. */
  inference?(): Promise<Inference>;
  /** Frees tensors and graphs. */
  dispose(): void;
}

/** A trained network, one example at a time. */
export interface Inference {
  /** Numbers of one example, of an image height × width × channels. */
  readonly values: number;
  /** One forward pass: [classes] of an image [H, W, C], normalised. */
  logits(example: Float32Array): Float32Array;
  dispose(): void;
}

/** Training met a non-finite loss. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
}

/** The architecture cannot be built at this size; says why and what would fit. */
export class InvalidArchitectureError extends Error {
  override readonly name = 'InvalidArchitectureError';
}
