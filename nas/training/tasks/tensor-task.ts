import type { ContentRef } from '../../core/blob.ts';
import type { Json } from '../../core/json.ts';
import type { OneJobName } from '../../search/one-job/registry.ts';
import type { ProgramTask, SearchSpec, TrainNetworkSpec } from '../../job/program-spec.ts';
import type { EdgeScores } from '../../space/derived-cell.ts';
import type { SpaceChoice } from '../../space/registry.ts';
import type { Space } from '../../space/space.ts';
import type { FetchBlob } from '../../task/manifest.ts';
import type { TaskTypes } from '../../task/task.ts';
import type { Tf } from '../graph/tensor.ts';
import type { ScoreStatistics } from '../../space/definitions/definition.ts';
import type { HostTensor, Inference } from '../program.ts';
import type { ProgramFeeds } from './feed.ts';
import type { Model } from './model.ts';

/**
 * Sums over the examples of a pass; plain JSON, part of a program's state. Beside the loss, the task's own
 * sums, and how many examples there were, under their name.
 */
export type Tally = {
  readonly [sum: string]: number;
  /** Sum of the examples' losses. */
  readonly loss: number;
};

/**
 * What scoring keeps of a tally: an untrained path's loss may overflow, the sums that make a score may not.
 */
export type Score = { readonly [sum: string]: number };

/** The part of a task that makes numbers of passes. */
export interface Objective {
  /** What a tally calls the number of its examples: `images`. */
  readonly countName: string;
  /** Names of the sums that a model's passes give. */
  readonly sumNames: readonly string[];
  /** The score, of the task's metric, of sums over examples. */
  score(sums: Score): number;
}

/** Where a data set's bytes are had. */
export interface DataFiles {
  readonly bytes: FetchBlob;
  /** A blob as a file on local disk. */
  file(ref: ContentRef): Promise<string>;
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
export interface NetworkToDescribe<Of extends TaskTypes = TaskTypes> {
  readonly space: SpaceChoice;
  readonly genotype: string;
  readonly size: Of['network'];
  /** Absent: as it is used after training. */
  readonly recipe?: Of['recipe'];
}

/** What the network to train is, and what it costs. */
export interface NetworkToTrain extends Pick<
  NetworkFacts,
  'parameters' | 'multiplyAdds' | 'activationBytes'
> {
  readonly model: Model;
  /** The network with those tensors (`CompiledModel.read`), one example at a time, where it can be timed. */
  inference?(tensors: Readonly<Record<string, HostTensor>>): Promise<Inference>;
  /**
   * Where the network can make what it has learnt: a maker of one, whole examples or the head of one, as text
   * and from tensors of `CompiledModel.network`. These and the spec's seed decide it.
   */
  specimen?(): Promise<(tensors: Readonly<Record<string, HostTensor>>) => string>;
}

/** The networks of a space under weights that they share, of which one call runs one. */
export interface Children<G extends Json = Json> {
  readonly space: Space<G>;
  /** Takes the input `path`. */
  readonly model: Model;
  path(genotype: G): HostTensor;
  /** Of one example, forward, of the child alone. */
  multiplyAdds(genotype: G): number;
}

/** All networks of a space at once: every edge is a weighted sum of all operations. */
export interface Mixture<G extends Json = Json> {
  readonly space: Space<G>;
  /** Candidate operations of every edge. */
  readonly operations: readonly string[];
  /** Edges of each kind of cell. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Takes the weights of each kind, [edges, operations], as input `edges/<kind>`. */
  readonly model: Model;
  /** Whether passes in training drop values by a seed; absent: not without a search's own drop-path. */
  readonly drops?: true;
  /** The matrix that embedding and decoder share, where they do. */
  readonly tied?: string;
  /** Of one example, forward. */
  readonly multiplyAdds: number;
  /** The network of the strongest operations, by the method's published rule. */
  derive(weights: Readonly<Record<string, EdgeScores>>): G;
  /** Skip connections of a network by kind of cell, where there are any. */
  skipConnects?(genotype: G): Readonly<Record<string, number>>;
  /** See `logResource`; where operations have costs. */
  edgeCosts?(): Readonly<Record<string, HostTensor>>;
}

/** What a search of one job is made of. */
type Searched<Of extends TaskTypes> = SearchSpec<OneJobName, Of>;

/**
 * The tensor half of a task: what programs must know of what is learnt. `Data` is how it has a data set that
 * is at hand. Networks that cannot be built throw `InvalidArchitectureError`; genotypes that do not parse, and
 * spaces that cannot do what is asked, `InputError`.
 */
export interface TensorTask<Of extends TaskTypes = TaskTypes, Data = unknown> extends Objective {
  /** A stored data set; its examples are read when a feed is. */
  load(manifest: Of['manifest'], files: DataFiles): Data;
  /** The data of a program; searches may hold them in memory. */
  open(data: Data, spec: ProgramTask<Of>, use: 'training' | 'search'): Promise<ProgramFeeds>;
  /** The network of a spec, to be trained from scratch. */
  network(tf: Tf, data: Data, spec: TrainNetworkSpec<Of>): NetworkToTrain;
  /** The same with the weights that it takes over from the one that it grew out of. */
  grown?(
    tf: Tf,
    data: Data,
    spec: TrainNetworkSpec<Of>,
    inherited: Readonly<Record<string, HostTensor>>,
  ): Promise<NetworkToTrain>;
  /** What the network of `network` costs on the data set of a manifest. */
  describe(manifest: Of['manifest'], network: NetworkToDescribe<Of>): NetworkFacts;
  /**
   * The children of a search, where spaces of the task have any; scored by those statistics of batch norm, or
   * by those that the authors of the space score them by.
   */
  children?(tf: Tf, data: Data, spec: Searched<Of>, statistics?: ScoreStatistics): Children;
  /** What each of them costs; the parameters are those that all of them share. */
  describeChildren?(
    manifest: Of['manifest'],
    children: Omit<NetworkToDescribe<Of>, 'genotype'>,
  ): (genotype: Json) => NetworkFacts;
  /** The mixture of a search, where spaces of the task have one. */
  mixture?(tf: Tf, data: Data, spec: Searched<Of>): Mixture;
  /** What it costs. */
  describeMixture?(manifest: Of['manifest'], mixture: Omit<NetworkToDescribe<Of>, 'genotype'>): NetworkFacts;
}
