import { placeAt, type Cut, type Cuts, type TrainedPart } from '../../core/cut.ts';
import type { TensorSpec } from '../graph/record.ts';
import type { HostTensor } from '../program.ts';

/** Tensors of one minibatch by name. */
export type MinibatchShape = Readonly<Record<string, TensorSpec>>;

/** One minibatch. */
export interface Minibatch {
  /** Which of its feed's shapes it has. */
  readonly shape: string;
  /** What the network reads and is to learn, by name, and what else its model asks of a place in the data. */
  readonly tensors: Readonly<Record<string, HostTensor>>;
  /** Examples that are not padding. */
  readonly valid: number;
  /** What the learning rate of its step is multiplied with; absent: 1. */
  readonly rateScale?: number;
}

/** What compiled functions must know of a feed. */
export interface FeedShapes {
  /** Tells the feeds of a program apart. */
  readonly name: string;
  /** Shapes that its minibatches may have, by name: a function is compiled for each. */
  readonly shapes: Readonly<Record<string, MinibatchShape>>;
}

/**
 * Minibatches by their position alone, made ahead where that takes long: the same place gives the same bytes
 * in every process and in any order of calls. This is what makes a resumed job exact.
 */
export interface Feed extends FeedShapes, Cut {
  batch(epoch: number, index: number): Minibatch | Promise<Minibatch>;
  close(): Promise<void>;
}

/** The data of a program, split as its spec says. */
export interface ProgramFeeds {
  readonly cuts: Cuts;
  /** Shuffled minibatches, varied as the spec says; equal purposes give equal ones. */
  training(part: TrainedPart, purpose: string): Feed;
  /** Minibatches of the validation part at random as in training, yet not varied. */
  drawn(purpose: string): Feed;
  /** A part in order. The test split is opened by its first minibatch and not before. */
  inOrder(part: 'validation' | 'test'): Feed;
}

/** The minibatch at a position that counts on from epoch to epoch. */
export const batchAt = (feed: Feed, position: number): Minibatch | Promise<Minibatch> => {
  const { epoch, index } = placeAt(feed, position);
  return feed.batch(epoch, index);
};
