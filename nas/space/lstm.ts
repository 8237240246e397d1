import { z } from 'zod';
import { categorical } from './categorical.ts';
import { jsonGenotype } from './json-genotype.ts';
import type { Space } from './space.ts';

/** Layers of a stack. */
const LAYERS = [2, 3, 4] as const;
/** Units of every layer but the last. */
const HIDDEN = [200, 400, 650, 900, 1150, 1500] as const;

/** Stacked LSTMs: `hidden` units in every layer but the last, which is as wide as the embedding. */
export type LstmGenotype = {
  readonly layers: (typeof LAYERS)[number];
  readonly hidden: (typeof HIDDEN)[number];
};

const NAME = 'lstm';
const FORM = `{"layers": ${LAYERS.join(' | ')}, "hidden": ${HIDDEN.join(' | ')}}`;

const schema: z.ZodType<LstmGenotype> = z.strictObject({
  layers: z.literal(LAYERS),
  hidden: z.literal(HIDDEN),
});

const CHOICES = categorical<LstmGenotype>(
  [LAYERS.length, HIDDEN.length],
  ['layers', 'hidden units'],
  ({ layers, hidden }) => [LAYERS.indexOf(layers), HIDDEN.indexOf(hidden)],
  ([layers, hidden]) => ({
    layers: LAYERS[layers as number] as LstmGenotype['layers'],
    hidden: HIDDEN[hidden as number] as LstmGenotype['hidden'],
  }),
);

const SOURCE =
  'Merity, Keskar & Socher 2018, "Regularizing and Optimizing LSTM Language Models", §4: stacked LSTMs with the last ' +
  'as wide as the tied embedding, the baseline of searches of recurrent cells. The paper has one such network; the ' +
  'depths and widths around it are ours, so that a random stack can stand beside it.';

/** Stacks of LSTMs around the AWD-LSTM. */
export const lstm: Space<LstmGenotype> = {
  name: NAME,
  source: SOURCE,
  ...CHOICES,
  ...jsonGenotype<LstmGenotype>(NAME, schema, FORM),
  describe: () => ({
    name: NAME,
    source: SOURCE,
    size: LAYERS.length * HIDDEN.length,
    lines: [
      `${LAYERS.join(', ')} layers of LSTMs, the last as wide as the embedding`,
      `units of the others: ${HIDDEN.join(', ')}`,
    ],
  }),
};

/** The AWD-LSTM: salesforce/awd-lstm-lm at 001f9ccc, main.py:26–27. */
export const PUBLISHED_LSTM = {
  AWD_LSTM: JSON.stringify({ layers: 3, hidden: 1150 } satisfies LstmGenotype),
} as const;
