import { z } from 'zod';
import {
  adamSettings,
  asgdSettings,
  constantSchedule,
  cosineSchedule,
  emaDecay,
  exponentialSchedule,
  precision,
  sgdSettings,
  stepSchedule,
} from '../recipe.ts';

const share = (what: string) => z.number().min(0).max(0.95).describe(what);

const sgd = sgdSettings({ learningRate: 20, momentum: 0, weightDecay: 5e-7 });

/** Each is drawn once a window, and is the same at all of its time steps where it says so. */
const dropoutsSchema = z.strictObject({
  embedding: share(
    'Of types: all occurrences of a dropped one in a window are zero; the decoder is not touched.',
  ).default(0),
  input: share('Of the embedded tokens, the same at all time steps.').default(0.2),
  cell: share("Of the cell's input, the same at all time steps.").default(0.75),
  hidden: share("Of the state before and of every node's input, the same at all time steps.").default(0.25),
  output: share("Of the cell's output, the same at all time steps.").default(0.75),
  recurrent: share('DropConnect: of the matrices between states of an LSTM.').default(0),
});

/**
 * How a language model is trained; defaults are those of the DARTS search on the Penn Treebank (Liu et al. 2019,
 * §A.3; quark0/darts, rnn/train_search.py).
 */
export const recipeSchema = z.strictObject({
  epochs: z.number().int().min(1).describe('Passes over the training text.').default(50),
  batchSize: z.number().int().min(1).describe('Columns that the training text is cut into.').default(256),
  evaluationBatchSize: z
    .number()
    .int()
    .min(1)
    .describe('Columns of the validation text while it is measured; the test text is one column.')
    .default(10),
  bptt: z
    .number()
    .int()
    .min(2)
    .describe('Tokens that gradients go back over: the length of a window.')
    .default(35),
  lengths: z
    .enum(['fixed', 'halved', 'normal'])
    .describe(
      '`fixed`: windows of `bptt` tokens; `halved`: half as long one time in twenty; `normal`: normal around these two with deviation 5, from 5 to `bptt` + 20. The learning rate of a step is scaled by its length.',
    )
    .default('halved'),
  optimizer: z
    .discriminatedUnion('kind', [sgd, adamSettings, asgdSettings({ learningRate: 20, weightDecay: 8e-7 })])
    .describe('What moves the weights.')
    .prefault({ kind: 'sgd' }),
  schedule: z
    .discriminatedUnion('kind', [constantSchedule, cosineSchedule, stepSchedule, exponentialSchedule])
    .describe('How the learning rate moves.')
    .prefault({ kind: 'constant' }),
  clipNorm: z.number().min(0).describe('Global gradient-norm bound; 0 switches clipping off.').default(0.25),
  dropouts: dropoutsSchema.describe('Shares that are set to zero in training.').prefault({}),
  activationRegularisation: z
    .number()
    .min(0)
    .describe('α of Merity et al. 2018: weight of the mean square of the dropped outputs.')
    .default(0),
  temporalRegularisation: z
    .number()
    .min(0)
    .describe('β of Merity et al. 2018: weight of the mean square difference of consecutive states.')
    .default(1e-3),
  emaDecay,
  precision,
});
export type TextRecipe = z.infer<typeof recipeSchema>;

/** Size of a recurrent network. The decoder has the embedding's weights, so that the last layer is as wide. */
export const networkSchema = z.strictObject({
  embedding: z.number().int().min(1).describe('Width of the embedding and of the last layer.').default(300),
  layers: z
    .number()
    .int()
    .min(1)
    .max(8)
    .describe('Layers, one above the other; where the architecture says how many, 1.')
    .default(1),
});
export type TextNetworkSize = z.infer<typeof networkSchema>;

const { dropouts, ...parts } = recipeSchema.shape;

/** How a found cell is trained: DARTS' evaluation on the Penn Treebank (rnn/train.py, README). */
const trained = (whose: string, epochs: number) => ({
  network: networkSchema
    .extend({ embedding: networkSchema.shape.embedding.removeDefault().default(850) })
    .describe(`Size of ${whose} networks.`),
  recipe: recipeSchema
    .extend({
      epochs: parts.epochs.removeDefault().default(epochs),
      batchSize: parts.batchSize.removeDefault().default(64),
      lengths: parts.lengths.removeDefault().default('normal'),
      optimizer: parts.optimizer.unwrap().prefault({ kind: 'asgd' }),
      dropouts: dropouts
        .unwrap()
        .extend({ embedding: dropoutsSchema.shape.embedding.removeDefault().default(0.1) })
        .describe('Shares that are set to zero in training.')
        .prefault({}),
    })
    .describe("How they are trained; defaults as DARTS' evaluation on the Penn Treebank."),
});

/** What the stages of an experiment say of their networks. */
export const textStages = {
  search: {
    network: networkSchema.describe("Size of the network that searches: the supernet's, or each trial's."),
    recipe: recipeSchema.describe('How it is trained.'),
  },
  retrain: trained('the retrained', 300),
  evaluate: trained("both contenders'", 3600),
};
