import { anyDartsRnn, dartsRnn, PUBLISHED_DARTS_RNN } from '../darts-rnn.ts';
import { defineSpace } from './definition.ts';

export const dartsRnnSpace = defineSpace('darts-rnn', {
  task: 'language-modelling',
  options: {},
  make: () => dartsRnn,
  uniform: true,
  // Cells of other sizes and outputs can be trained, as ENAS' cell in this form, which a search does not find.
  trained: anyDartsRnn,
  published: () => PUBLISHED_DARTS_RNN,
  sharesWeights: { by: 'edges', statistics: ['running'] },
});
