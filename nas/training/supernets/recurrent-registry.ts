import type { Json } from '../../core/json.ts';
import { dartsRnn } from '../../space/darts-rnn.ts';
import type { EdgeScores } from '../../space/derived-cell.ts';
import { enasRnn } from '../../space/enas-rnn.ts';
import type { SpaceChoice, SpaceName } from '../../space/registry.ts';
import type { Space } from '../../space/space.ts';
import type { TextNetworkSize } from '../../task/text/recipe.ts';
import type { RecurrentNetwork } from '../networks/recurrent/recurrent-network.ts';
import { widthOf } from '../networks/recurrent/registry.ts';
import { deriveDartsRnn, dartsRnnMixture, RNN_EDGES, RNN_OPERATIONS } from './darts-rnn.ts';
import { dartsRnnPath, dartsRnnShared, RNN_PATH_LENGTH } from './darts-rnn-shared.ts';
import { enasRnnPath, enasRnnShared, enasSharing } from './enas-rnn.ts';

/** Recurrent cells with shared weights, of which one call computes one: its input `path` says which. */
export interface RecurrentChildren<G extends Json = Json> {
  readonly space: Space<G>;
  readonly network: RecurrentNetwork;
  readonly pathLength: number;
  path(genotype: G): Int32Array;
}

/** All recurrent cells of a space at once. */
export interface RecurrentMixture<G extends Json = Json> {
  readonly space: Space<G>;
  readonly network: RecurrentNetwork;
  /** Candidate operations of every edge. */
  readonly operations: readonly string[];
  /** Edges of each kind of cell. */
  readonly kinds: Readonly<Record<string, number>>;
  /** The cell of the strongest operations. */
  derive(weights: Readonly<Record<string, EdgeScores>>): G;
}

type OfSize<Choice, Made> = (choice: Choice, size: TextNetworkSize) => Made;
type ChoiceOf<Name extends SpaceName> = Extract<SpaceChoice, { name: Name }>;

/** Forgets the genotype's type: they are only handed genotypes of their own space. */
const children = <G extends Json>(made: RecurrentChildren<G>): RecurrentChildren =>
  made as unknown as RecurrentChildren;
const mixture = <G extends Json>(made: RecurrentMixture<G>): RecurrentMixture =>
  made as unknown as RecurrentMixture;

const CHILDREN = {
  'darts-rnn': (_, size) =>
    children({
      space: dartsRnn,
      network: dartsRnnShared(widthOf(size)),
      pathLength: RNN_PATH_LENGTH,
      path: dartsRnnPath,
    }),
  'enas-rnn': ({ depth, activations }, size) =>
    children({
      space: enasRnn(depth, activations),
      network: enasRnnShared(widthOf(size), enasSharing(depth, activations)),
      pathLength: 2 * depth - 1,
      path: enasRnnPath,
    }),
} as const satisfies { readonly [Name in SpaceName]?: OfSize<ChoiceOf<Name>, RecurrentChildren> };

const MIXTURES = {
  'darts-rnn': (_, size) =>
    mixture({
      space: dartsRnn,
      network: dartsRnnMixture(widthOf(size)),
      operations: RNN_OPERATIONS,
      kinds: { cell: RNN_EDGES },
      derive: ({ cell = [] }) => deriveDartsRnn(cell),
    }),
} as const satisfies { readonly [Name in SpaceName]?: OfSize<ChoiceOf<Name>, RecurrentMixture> };

const of = <Made>(
  table: Readonly<Partial<Record<SpaceName, OfSize<never, Made>>>>,
  space: SpaceChoice,
  size: TextNetworkSize,
): Made => {
  const make = table[space.name] as OfSize<SpaceChoice, Made> | undefined;
  if (make === undefined) throw new Error(`${space.name}: its cells do not share weights so`);
  return make(space, size);
};

/** The children of a search. Experiments name spaces that have them (`OneJobSearch.spaces`). */
export const recurrentChildrenOf = (space: SpaceChoice, size: TextNetworkSize): RecurrentChildren =>
  of(CHILDREN, space, size);

/** The mixture of a search, likewise. */
export const recurrentMixtureOf = (space: SpaceChoice, size: TextNetworkSize): RecurrentMixture =>
  of(MIXTURES, space, size);
