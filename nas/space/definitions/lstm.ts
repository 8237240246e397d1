import { lstm, PUBLISHED_LSTM } from '../lstm.ts';
import { defineSpace } from './definition.ts';

export const lstmSpace = defineSpace('lstm', {
  task: 'language-modelling',
  options: {},
  make: () => lstm,
  uniform: true,
  published: () => PUBLISHED_LSTM,
  publishedSize: { embedding: 400 },
});
