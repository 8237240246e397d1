import { describe, expect, it } from 'vitest';
import { anyDartsRnn, PUBLISHED_DARTS_RNN } from '../../../nas/space/darts-rnn.ts';
import { parseEnasRnn, PUBLISHED_ENAS_RNN } from '../../../nas/space/enas-rnn.ts';
import { lstm, PUBLISHED_LSTM } from '../../../nas/space/lstm.ts';
import { nasRlRnn, PUBLISHED_NAS_RL_RNN } from '../../../nas/space/nas-rl-rnn.ts';
import { awdLstmNetwork } from '../../../nas/training/networks/recurrent/awd-lstm.ts';
import { dartsRnnNetwork } from '../../../nas/training/networks/recurrent/darts-rnn.ts';
import { enasRnnNetwork } from '../../../nas/training/networks/recurrent/enas-rnn.ts';
import { languageModel } from '../../../nas/training/networks/recurrent/language-model.ts';
import { nasRlRnnNetwork } from '../../../nas/training/networks/recurrent/nas-rl-rnn.ts';
import type { RecurrentNetwork } from '../../../nas/training/networks/recurrent/recurrent-network.ts';
import { dartsRnnMixture } from '../../../nas/training/supernets/darts-rnn.ts';
import { dartsRnnShared } from '../../../nas/training/supernets/darts-rnn-shared.ts';
import { enasRnnShared, enasSharing } from '../../../nas/training/supernets/enas-rnn.ts';

const PTB = 10_000;
const WIKITEXT_2 = 33_278;

const parameters = (network: RecurrentNetwork, vocabulary: number, hasBias = true): number =>
  languageModel(network, { vocabulary, bound: 0.1, hasBias })
    .declarations.filter(({ role }) => role === 'weight')
    .reduce((sum, { shape }) => sum + shape.reduce((size, n) => size * n, 1), 0);

const cell = (name: string) => anyDartsRnn.parse(PUBLISHED_DARTS_RNN[name] as string);

describe('language models', () => {
  it('have the published numbers of parameters', () => {
    for (const name of ['DARTS_V1', 'DARTS_V2']) {
      expect(parameters(dartsRnnNetwork(cell(name), 850), PTB)).toBe(22_960_000);
      expect(parameters(dartsRnnNetwork(cell(name), 700), WIKITEXT_2)).toBe(33_127_878);
    }
    expect(parameters(dartsRnnNetwork(cell('ENAS'), 850), PTB)).toBe(27_295_000);
    expect(parameters(dartsRnnMixture(300), PTB)).toBe(4_810_000);
    expect(parameters(dartsRnnShared(300), PTB)).toBe(4_810_000);
    expect(parameters(dartsRnnShared(850), PTB)).toBe(22_960_000);
    // Merity et al. 2018, table 1: 24M and 33M.
    const awd = awdLstmNetwork(lstm.parse(PUBLISHED_LSTM.AWD_LSTM), 400);
    expect(parameters(awd, PTB)).toBe(24_221_600);
    expect(parameters(awd, WIKITEXT_2)).toBe(33_556_078);
    // Pham et al. 2018, table 1: 24M.
    const enas = enasRnnNetwork(parseEnasRnn(PUBLISHED_ENAS_RNN.ENAS_RNN), 748);
    expect(parameters(enas, PTB, false)).toBe(10_000 * 748 + 13 * 2 * 748 ** 2);
    const nasCell = nasRlRnnNetwork(nasRlRnn.parse(PUBLISHED_NAS_RL_RNN.NASCell), {
      embedding: 650,
      width: 650,
      layers: 2,
    });
    expect(parameters(nasCell, PTB)).toBe(10_000 * 651 + 2 * 8 * 650 * 1300);
  });

  it('has a matrix for each node, node that it may read and activation where ENAS shares weights', () => {
    const network = enasRnnShared(10, enasSharing(12, 4));
    const matrices = network.declarations.filter(({ name }) => name.startsWith('w_'));
    const size = matrices.reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0);
    expect(size).toBe(4 * 20 * 20 + 66 * 4 * 10 * 20);
  });

  it('refuses a tied decoder of another width than the embedding', () => {
    const network = nasRlRnnNetwork(nasRlRnn.parse(PUBLISHED_NAS_RL_RNN.NASCell), {
      embedding: 4,
      width: 5,
      layers: 1,
    });
    expect(() => parameters(network, 10)).toThrow(/a tied decoder of 5 for an embedding of 4/);
  });
});
