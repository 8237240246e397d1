import { z } from 'zod';
import {
  adamSettings,
  clipNorm,
  constantSchedule,
  cosineSchedule,
  emaDecay,
  milestonesSchedule,
  precision,
  rmspropSettings,
  sgdrSchedule,
  sgdSettings,
  stepSchedule,
} from '../recipe.ts';

const optimizer = z.discriminatedUnion('kind', [
  sgdSettings({ learningRate: 0.025, momentum: 0.9, weightDecay: 3e-4 }),
  adamSettings,
  rmspropSettings,
]);

const schedule = z.discriminatedUnion('kind', [
  constantSchedule,
  cosineSchedule,
  stepSchedule,
  milestonesSchedule,
  sgdrSchedule,
]);

/**
 * How a classifier of images is trained; defaults are those of the DARTS CIFAR-10 recipe (Liu et al. 2019,
 * §A.1).
 */
export const recipeSchema = z.strictObject({
  epochs: z.number().int().min(1).describe('Passes over the training images.').default(50),
  batchSize: z.number().int().min(1).describe('Images of a minibatch.').default(64),
  optimizer: optimizer.describe('What moves the weights.').prefault({ kind: 'sgd' }),
  schedule: schedule.describe('How the learning rate moves.').prefault({ kind: 'cosine' }),
  clipNorm,
  auxiliaryWeight: z
    .number()
    .min(0)
    .describe("Weight of the auxiliary head's loss; 0 means no auxiliary head.")
    .default(0),
  dropPath: z
    .number()
    .min(0)
    .max(0.95)
    .describe("Final drop-path probability, raised linearly over training (NASNet's ScheduledDropPath).")
    .default(0),
  dropPathRises: z
    .enum(['epoch', 'step'])
    .describe(
      'How often drop-path rises: once an `epoch` (DARTS), or with every `step` (ENAS); `epoch` when absent.',
    )
    .exactOptional(),
  dropout: z.number().min(0).max(0.95).describe('Dropout before the classifier.').default(0),
  labelSmoothing: z
    .number()
    .min(0)
    .max(0.5)
    .describe('Share of the target that goes evenly to all classes.')
    .default(0),
  emaDecay,
  precision,
});
export type ImageRecipe = z.infer<typeof recipeSchema>;

/**
 * Size of a network built from cells or layers; `docs/spaces.md` says what both numbers mean in each space.
 */
export const networkSchema = z.strictObject({
  channels: z
    .number()
    .int()
    .min(1)
    .describe(
      'C: channels of the first cell; 16 leaves the widths of genotypes that state their own as they are.',
    )
    .default(16),
  layers: z
    .number()
    .int()
    .min(1)
    .describe('Number of cells; not used where the genotype has the depth.')
    .default(8),
  stem: z
    .enum(['cifar', 'imagenet'])
    .describe("First layers: `cifar` keeps the image's size, `imagenet` scales it down by eight.")
    .default('cifar'),
});
export type ImageNetworkSize = z.infer<typeof networkSchema>;

export const augmentationSchema = z.strictObject({
  cropPadding: z
    .number()
    .int()
    .min(0)
    .describe('Zero padding on each side before a random crop back to the image size; 0 switches it off.')
    .default(4),
  horizontalFlip: z.boolean().describe('Whether images are mirrored at random.').default(true),
  minCropArea: z
    .number()
    .gt(0)
    .max(1)
    .describe(
      'Of image files: smallest share of the area that a random crop takes (Szegedy et al. 2015), 0.08 when absent; it replaces `cropPadding`.',
    )
    .exactOptional(),
  cutout: z
    .number()
    .int()
    .min(0)
    .describe('Side of the square that cutout (DeVries & Taylor 2017) erases; 0 switches it off.')
    .default(0),
});
export type Augmentation = z.infer<typeof augmentationSchema>;

/** Of the network that searches: the supernet's, or each trial's. */
const searched = {
  network: networkSchema.describe("Size of the network that searches: the supernet's, or each trial's."),
  recipe: recipeSchema.describe('How it is trained.'),
  augmentation: augmentationSchema.describe('How its training images are varied.'),
};

/**
 * How a found cell is trained: DARTS' final network for CIFAR-10 (Liu et al. 2019, §A.2), of which an
 * experiment may change any part.
 */
const trained = (whose: string) => ({
  network: networkSchema
    .extend({
      channels: networkSchema.shape.channels.removeDefault().default(36),
      layers: networkSchema.shape.layers.removeDefault().default(20),
    })
    .describe(`Size of ${whose} networks; defaults as DARTS' final network.`),
  recipe: recipeSchema
    .extend({
      epochs: recipeSchema.shape.epochs
        .removeDefault()
        .describe('Passes over the training images.')
        .default(600),
      batchSize: recipeSchema.shape.batchSize.removeDefault().default(96),
      auxiliaryWeight: recipeSchema.shape.auxiliaryWeight.removeDefault().default(0.4),
      dropPath: recipeSchema.shape.dropPath.removeDefault().default(0.2),
    })
    .describe("How they are trained; defaults as DARTS' final network."),
  augmentation: augmentationSchema
    .extend({ cutout: augmentationSchema.shape.cutout.removeDefault().default(16) })
    .describe('How their training images are varied.'),
});

/** What the stages of an experiment say of their networks. */
export const imageStages = {
  search: searched,
  retrain: trained('the retrained'),
  evaluate: trained("both contenders'"),
};
