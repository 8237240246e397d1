import type { Json } from '../../../core/json.ts';
import type { DartsRnnGenotype } from '../../../space/darts-rnn.ts';
import type { EnasRnnGenotype } from '../../../space/enas-rnn.ts';
import type { LstmGenotype } from '../../../space/lstm.ts';
import type { NasRlRnnGenotype } from '../../../space/nas-rl-rnn.ts';
import { readGenotype } from '../../../space/read-genotype.ts';
import type { SpaceChoice, SpaceOfTask } from '../../../space/registry.ts';
import type { TextNetworkSize } from '../../../task/text/recipe.ts';
import { InvalidArchitectureError } from '../../program.ts';
import { AWD_LSTM_BOUND, awdLstmNetwork } from './awd-lstm.ts';
import { DARTS_RNN_BOUND, dartsRnnNetwork } from './darts-rnn.ts';
import { enasRnnBound, enasRnnNetwork } from './enas-rnn.ts';
import type { LanguageModelOptions } from './language-model.ts';
import { NAS_RL_RNN_BOUND, nasRlRnnNetwork } from './nas-rl-rnn.ts';
import type { RecurrentNetwork } from './recurrent-network.ts';

type RecurrentSpace = SpaceOfTask<'language-modelling'>;
type LanguageEnds = Omit<LanguageModelOptions, 'vocabulary'>;

/** Networks of a space at a size, from a genotype. */
interface RecurrentNetworks<G extends Json> {
  network(genotype: G, size: TextNetworkSize): RecurrentNetwork;
  ends(size: TextNetworkSize): LanguageEnds;
}

/** Forgets the genotype's type: a space's networks are only handed genotypes that the space parsed. */
const erased = <G extends Json>(networks: RecurrentNetworks<G>): RecurrentNetworks<Json> =>
  networks as unknown as RecurrentNetworks<Json>;

/** The width of a network whose cell is one layer. */
export const widthOf = ({ embedding, layers }: TextNetworkSize): number => {
  if (layers !== 1)
    throw new InvalidArchitectureError(
      `network.layers ${layers}: allowed: 1, cells of this space are not stacked`,
    );
  return embedding;
};

const NETWORKS = {
  'darts-rnn': erased({
    network: (genotype: DartsRnnGenotype, size) => dartsRnnNetwork(genotype, widthOf(size)),
    ends: () => ({ bound: DARTS_RNN_BOUND, hasBias: true }),
  }),
  'enas-rnn': erased({
    network: (genotype: EnasRnnGenotype, size) => enasRnnNetwork(genotype, widthOf(size)),
    ends: (size) => ({ bound: enasRnnBound(widthOf(size)), hasBias: false }),
  }),
  'nas-rl-rnn': erased({
    network: (genotype: NasRlRnnGenotype, { embedding, layers }) =>
      nasRlRnnNetwork(genotype, { embedding, width: embedding, layers }),
    ends: () => ({ bound: NAS_RL_RNN_BOUND, hasBias: true }),
  }),
  lstm: erased({
    network: (genotype: LstmGenotype, size) => awdLstmNetwork(genotype, widthOf(size)),
    ends: () => ({ bound: AWD_LSTM_BOUND, hasBias: true }),
  }),
} as const satisfies Record<RecurrentSpace, RecurrentNetworks<Json>>;

/** The network of a printed genotype of a space. Throws `InputError` where it does not parse. */
export const recurrentNetworkOf = (
  space: SpaceChoice,
  genotype: string,
  size: TextNetworkSize,
): RecurrentNetwork =>
  NETWORKS[space.name as RecurrentSpace].network(readGenotype(space, genotype).genotype, size);

/** How language models around the cells of a space begin and end. */
export const endsOf = ({ name }: SpaceChoice, size: TextNetworkSize): LanguageEnds =>
  NETWORKS[name as RecurrentSpace].ends(size);
