import type { HostTensor } from '../program.ts';
import type { TensorSpec } from './record.ts';

/** Where a training step stands. */
export interface StepPlace {
  /** Steps before it, in all epochs. */
  readonly update: number;
  readonly epoch: number;
  /** Place within its epoch, from 0. */
  readonly index: number;
  /** Steps of its epoch. */
  readonly steps: number;
}

/** Inputs of a compiled step that follow from its place alone. */
export interface Scheduled {
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  at(place: StepPlace): Readonly<Record<string, HostTensor>>;
}
