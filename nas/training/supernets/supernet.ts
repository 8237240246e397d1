import type { Json } from '../../core/json.ts';
import type { EdgeScores } from '../../space/derived-cell.ts';
import type { Space } from '../../space/space.ts';
import { initialValues } from '../layers/initial-values.ts';
import type { ImageShape, Layers } from '../layers/layers.ts';
import { InvalidArchitectureError, type HostTensor } from '../program.ts';
import { describeNetwork, type Description } from '../layers/shape-layers.ts';

/** One edge of a searched cell: which decision it is, and what it is called. */
export interface Edge {
  /** The kind of cell: edges of equal kind and row share their decision in all cells. */
  readonly kind: string;
  /** Row of the kind's alphas. */
  readonly row: number;
  readonly stride: 1 | 2;
  /** Of the edge's value. */
  readonly channels: number;
  /** Prefix of its operations' parameters. */
  readonly name: string;
}

/** Gives an edge's value, from the state that it reads, as the terms of a sum. */
export type EdgeTerms<T> = (x: T, edge: Edge) => readonly T[];

/** A network at one size whose cells hold every operation on every edge. */
export interface Supernet<G extends Json = Json> {
  readonly space: Space<G>;
  readonly image: ImageShape;
  readonly classes: number;
  /** Candidate operations of every edge; the first gives zero. */
  readonly operations: readonly string[];
  /** Edges of a cell of each kind; a path lists them in this order. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Logits as features [1, 1, classes]. */
  network<T>(layers: Layers<T>, x: T, terms: EdgeTerms<T>): T;
  /** An operation's value on an edge. `scale` [C] multiplies that of operations that end in batch norm. */
  candidate<T>(layers: Layers<T>, x: T, operation: number, edge: Edge, scale?: T): T;
  endsInBatchNorm(operation: number, edge: Edge): boolean;
  /** One entry an edge: the index of its operation. */
  encodePath(genotype: G): Int32Array;
  /**
   * The cell of the strongest operations, by the method's published rule; rows of weights by kind of cell.
   */
  derive(weights: Readonly<Record<string, EdgeScores>>): G;
}

/** Forgets the genotype's type: a supernet is only handed genotypes of its own space. */
export const erased = <G extends Json>(supernet: Supernet<G>): Supernet => supernet as unknown as Supernet;

/** Edges of all kinds together: the length of a path. */
export const pathLength = ({ kinds }: Supernet): number =>
  Object.values(kinds).reduce((sum, edges) => sum + edges, 0);

/** Where an edge stands in a path. */
export const pathIndex = ({ kinds }: Supernet, { kind, row }: Edge): number => {
  let offset = 0;
  for (const [name, edges] of Object.entries(kinds)) {
    if (name === kind) return offset + row;
    offset += edges;
  }
  throw new Error(`kind of cell '${kind}': allowed: ${Object.keys(kinds).join(', ')}`);
};

/**
 * Parameters of the supernet, and multiply-adds of the whole mixture.
 *
 * @throws InvalidArchitectureError if the network cannot be built at this size.
 */
export const describeSupernet = (supernet: Supernet): Description =>
  describeNetwork(supernet.image, (layers, x) =>
    supernet.network(layers, x, (state, edge) =>
      supernet.operations.map((_, operation) => supernet.candidate(layers, state, operation, edge)),
    ),
  );

/** The part of the supernet that one path uses. */
export const describePath = (supernet: Supernet, path: ArrayLike<number>): Description =>
  describeNetwork(supernet.image, (layers, x) =>
    supernet.network(layers, x, (state, edge) => {
      const operation = path[pathIndex(supernet, edge)];
      if (operation === undefined || supernet.operations[operation] === undefined)
        throw new InvalidArchitectureError(
          `path entry ${operation}: allowed: 0 to ${supernet.operations.length - 1}`,
        );
      return [supernet.candidate(layers, state, operation, edge)];
    }),
  );

/** Initial variables by their published names, in TensorFlow's layouts. */
export const supernetVariables = (supernet: Supernet, seed: number): Record<string, HostTensor> =>
  initialValues(describeSupernet(supernet).declarations, seed);
