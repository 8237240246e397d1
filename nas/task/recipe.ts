import { z } from 'zod';

const optimizer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('sgd').describe('Which optimizer.'),
    learningRate: z.number().positive().describe('At the beginning; the schedule moves it.').default(0.025),
    momentum: z
      .number()
      .min(0)
      .max(1)
      .describe('Share of the last step that the next one keeps.')
      .default(0.9),
    nesterov: z.boolean().describe("Nesterov's form of momentum.").default(false),
    weightDecay: z
      .number()
      .min(0)
      .describe('L2 penalty on the weights, added to their gradients.')
      .default(3e-4),
  }),
  z.strictObject({
    kind: z.literal('adam').describe('Which optimizer.'),
    learningRate: z.number().positive().describe('At the beginning; the schedule moves it.').default(1e-3),
    beta1: z.number().min(0).max(1).describe('Decay of the mean of gradients.').default(0.9),
    beta2: z.number().min(0).max(1).describe('Decay of the mean of squared gradients.').default(0.999),
    epsilon: z.number().positive().describe('Added to the root that gradients are divided by.').default(1e-8),
    weightDecay: z
      .number()
      .min(0)
      .describe('L2 penalty on the weights, added to their gradients.')
      .default(0),
  }),
  z.strictObject({
    kind: z.literal('rmsprop').describe('Which optimizer.'),
    learningRate: z.number().positive().describe('At the beginning; the schedule moves it.').default(0.01),
    decay: z.number().min(0).max(1).describe('Decay of the mean of squared gradients.').default(0.9),
    momentum: z
      .number()
      .min(0)
      .max(1)
      .describe('Share of the last step that the next one keeps.')
      .default(0.9),
    epsilon: z.number().positive().describe('Added to the root that gradients are divided by.').default(1),
    weightDecay: z
      .number()
      .min(0)
      .describe('L2 penalty on the weights, added to their gradients.')
      .default(0),
  }),
]);

const schedule = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z
      .literal('constant')
      .describe(
        'How the learning rate moves: constant, cosine, step, milestones, or sgdr (cosine with warm restarts, Loshchilov & Hutter 2017).',
      ),
  }),
  z.strictObject({
    kind: z
      .literal('cosine')
      .describe(
        'How the learning rate moves: constant, cosine, step, milestones, or sgdr (cosine with warm restarts, Loshchilov & Hutter 2017).',
      ),
    minLearningRate: z.number().min(0).describe('Where the cosine ends.').default(0),
    warmupEpochs: z
      .number()
      .min(0)
      .describe('Epochs of a linear rise from zero, before the schedule.')
      .default(0),
  }),
  z.strictObject({
    kind: z
      .literal('step')
      .describe(
        'How the learning rate moves: constant, cosine, step, milestones, or sgdr (cosine with warm restarts, Loshchilov & Hutter 2017).',
      ),
    everyEpochs: z.number().positive().describe('Epochs between two steps.'),
    factor: z.number().positive().max(1).describe('What the learning rate is multiplied with at each.'),
    warmupEpochs: z
      .number()
      .min(0)
      .describe('Epochs of a linear rise from zero, before the schedule.')
      .default(0),
  }),
  /** Times `factor` at each of the epochs (FractalNet, residual networks). */
  z.strictObject({
    kind: z
      .literal('milestones')
      .describe(
        'How the learning rate moves: constant, cosine, step, milestones, or sgdr (cosine with warm restarts, Loshchilov & Hutter 2017).',
      ),
    epochs: z
      .array(z.number().int().positive())
      .min(1)
      .refine(
        (epochs) => epochs.every((epoch, i) => i === 0 || epoch > (epochs[i - 1] as number)),
        'must ascend: each epoch after the one before',
      )
      .describe('Epochs at which the learning rate is multiplied with `factor`, ascending.'),
    factor: z.number().positive().max(1).describe('What the learning rate is multiplied with at each.'),
    warmupEpochs: z
      .number()
      .min(0)
      .describe('Epochs of a linear rise from zero, before the schedule.')
      .default(0),
  }),
  /** Cosine with warm restarts (Loshchilov & Hutter 2017), as ENAS uses it. */
  z.strictObject({
    kind: z
      .literal('sgdr')
      .describe(
        'How the learning rate moves: constant, cosine, step, milestones, or sgdr (cosine with warm restarts, Loshchilov & Hutter 2017).',
      ),
    minLearningRate: z.number().min(0).describe('Where the cosine ends.').default(0),
    firstPeriodEpochs: z.number().positive().describe('Epochs to the first restart.').default(10),
    periodMultiplier: z.number().min(1).describe('What each period is longer by.').default(2),
  }),
]);

/** How a network is trained; defaults are those of the DARTS CIFAR-10 recipe (Liu et al. 2019, §A.1). */
export const recipeSchema = z.strictObject({
  epochs: z.number().int().min(1).describe('Passes over the training images.').default(50),
  batchSize: z.number().int().min(1).describe('Images of a minibatch.').default(64),
  optimizer: optimizer.describe('What moves the weights.').prefault({ kind: 'sgd' }),
  schedule: schedule.describe('How the learning rate moves.').prefault({ kind: 'cosine' }),
  clipNorm: z.number().min(0).describe('Global gradient-norm bound; 0 switches clipping off.').default(5),
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
  dropout: z.number().min(0).max(0.95).describe('Dropout before the classifier.').default(0),
  labelSmoothing: z
    .number()
    .min(0)
    .max(0.5)
    .describe('Share of the target that goes evenly to all classes.')
    .default(0),
  emaDecay: z
    .number()
    .min(0)
    .max(0.99999)
    .describe('Decay of an exponential moving average of the weights used for evaluation; 0 switches it off.')
    .default(0),
  precision: z
    .enum(['float32', 'mixed', 'auto'])
    .describe(
      'Of convolutions and matrix products: `mixed` computes them in bfloat16 and needs a GPU, `auto` does so where there is one. Published recipes are in float32.',
    )
    .default('float32'),
});
export type Recipe = z.infer<typeof recipeSchema>;

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
export type NetworkSize = z.infer<typeof networkSchema>;

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
