import { nasRlRnn, PUBLISHED_NAS_RL_RNN } from '../nas-rl-rnn.ts';
import { defineSpace } from './definition.ts';

export const nasRlRnnSpace = defineSpace('nas-rl-rnn', {
  task: 'language-modelling',
  options: {},
  make: () => nasRlRnn,
  uniform: true,
  published: () => PUBLISHED_NAS_RL_RNN,
  // Of the medium LSTM, whose size children have.
  publishedSize: { embedding: 650, layers: 2 },
});
