import type { ProgramTask, TrainNetworkSpec } from '../../job/job.ts';
import type { SpaceChoice } from '../../space/registry.ts';
import type { DatasetManifest } from '../../task/manifest.ts';
import type { Recipe } from '../../task/recipe.ts';
import type { NetworkSize } from '../../task/task.ts';
import type { TensorSpec } from '../graph/record.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import type { Classifier } from '../networks/classifier.ts';
import type { HostTensor } from '../program.ts';

/**
 * Sums over the examples of a pass; plain JSON, part of a program's state. The task's own sums stand beside
 * these two.
 */
export type Tally = {
  readonly [sum: string]: number;
  /** Sum of the examples' losses. */
  readonly loss: number;
  /** How many examples; named after those of the first task. */
  readonly images: number;
};

/**
 * What scoring keeps of a tally: an untrained path's loss may overflow, the sums that make a score may not.
 */
export type Score = {
  readonly [sum: string]: number;
  readonly images: number;
};

/** One minibatch, always of the full batch size, so that compiled steps see one static shape. */
export interface Minibatch {
  readonly x: Float32Array;
  /** What is to be learnt. */
  readonly y: Int32Array | Float32Array;
  /** Examples that are not padding; they come first. */
  readonly valid: number;
}

/** Minibatches by their position alone, made ahead where that takes long. */
export interface Feed {
  readonly batchesPerEpoch: number;
  /** Of `x`; the first size is the minibatch's. */
  readonly shape: readonly [number, ...number[]];
  batch(epoch: number, index: number): Minibatch | Promise<Minibatch>;
  close(): Promise<void>;
}

/** A training's data, split as its spec says. */
export interface TrainingData {
  /** Examples of each part. */
  readonly counts: { readonly train: number; readonly validation: number; readonly test: number };
  /** Shuffled and augmented minibatches; equal purposes give equal ones. */
  training(part: 'train' | 'train+validation', purpose: string): Feed;
  /** A part in order; the last minibatch is padded. The test split is opened by this call and not before. */
  evaluation(part: 'validation' | 'test'): Promise<Feed>;
}

/** What the network to train is, and what it costs. */
export interface NetworkToTrain {
  readonly classifier: Classifier;
  /** Weights of the network as it is used after training: without the auxiliary head. */
  readonly parameters: number;
  /** Of one example, forward, without the auxiliary head. */
  readonly multiplyAdds: number;
  /** Intermediate results of one example in training. */
  readonly activationBytes: number;
}

/** What a network costs, told by its shapes alone. */
export interface NetworkFacts {
  /** Trained weights of the network as it is used after training. */
  readonly parameters: number;
  /** The same in training: what is used in training alone included. */
  readonly trainedParameters: number;
  /** Of one example, forward, as it is used after training. */
  readonly multiplyAdds: number;
  /** All intermediate results of one example in training, float32. */
  readonly activationBytes: number;
  /** Those of them that gradients of weights are computed from: no training can do without. */
  readonly keptBytes: number;
  /** Why minibatches of so many examples cannot train it, and what would help. */
  refusesBatch(size: number): string | undefined;
}

/** A network before it is made. */
export interface NetworkToDescribe {
  readonly space: SpaceChoice;
  readonly genotype: string;
  readonly size: NetworkSize;
  /** Absent: as it is used after training. */
  readonly recipe?: Recipe;
}

/**
 * The tensor half of a task: what programs must know of what is learnt. `Data` is how they are given data of
 * its kind.
 */
export interface TensorTask<Data> {
  /** Of a minibatch's target. */
  target(batchSize: number): TensorSpec;
  /**
   * Mean loss of a minibatch; padding adds none where `smoothing`, the share of a target that is spread
   * evenly, is 0.
   */
  loss(tf: Tf, outputs: Tensor, target: Tensor, smoothing: number): Tensor;
  /** Sums over a minibatch that make its score, padding left out. */
  sums(tf: Tf, outputs: Tensor, target: Tensor): Tensors;
  /** Names of these sums. */
  readonly sumNames: readonly string[];
  /** The score, of the task's metric, of sums over examples. */
  score(sums: Score): number;
  /**
   * The network of a spec, to be trained from scratch.
   *
   * @throws InputError when the genotype does not parse, InvalidArchitectureError when it cannot be built at
   * this size.
   */
  network(tf: Tf, data: Data, spec: TrainNetworkSpec): NetworkToTrain;
  /**
   * The same without tensors, for the data set of that manifest.
   *
   * @throws InputError and InvalidArchitectureError as `network` does.
   */
  describe(manifest: DatasetManifest, network: NetworkToDescribe): NetworkFacts;
  /**
   * The mixture of all networks of a space at once.
   *
   * @throws InputError where the space has none, InvalidArchitectureError where it cannot be built.
   */
  describeMixture(manifest: DatasetManifest, mixture: Omit<NetworkToDescribe, 'genotype'>): NetworkFacts;
  /** The data of a training of one network. */
  open(data: Data, task: ProgramTask): Promise<TrainingData>;
}

/** The part of a task that compiled networks ask. */
export type Objective = Pick<TensorTask<never>, 'target' | 'loss' | 'sums' | 'sumNames' | 'score'>;

/** A minibatch's target for a compiled function. */
export const targetOf = (
  task: Pick<Objective, 'target'>,
  { y }: Minibatch,
  batchSize: number,
): HostTensor => ({
  ...task.target(batchSize),
  data: y,
});
