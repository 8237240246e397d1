import { z } from 'zod';

const optimizer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('sgd'),
    learningRate: z.number().positive().default(0.025),
    momentum: z.number().min(0).max(1).default(0.9),
    nesterov: z.boolean().default(false),
    weightDecay: z.number().min(0).default(3e-4),
  }),
  z.strictObject({
    kind: z.literal('adam'),
    learningRate: z.number().positive().default(1e-3),
    beta1: z.number().min(0).max(1).default(0.9),
    beta2: z.number().min(0).max(1).default(0.999),
    epsilon: z.number().positive().default(1e-8),
    weightDecay: z.number().min(0).default(0),
  }),
  z.strictObject({
    kind: z.literal('rmsprop'),
    learningRate: z.number().positive().default(0.01),
    decay: z.number().min(0).max(1).default(0.9),
    momentum: z.number().min(0).max(1).default(0.9),
    epsilon: z.number().positive().default(1),
    weightDecay: z.number().min(0).default(0),
  }),
]);

const schedule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant') }),
  z.strictObject({
    kind: z.literal('cosine'),
    minLearningRate: z.number().min(0).default(0),
    warmupEpochs: z.number().min(0).default(0),
  }),
  z.strictObject({
    kind: z.literal('step'),
    everyEpochs: z.number().positive(),
    factor: z.number().positive().max(1),
    warmupEpochs: z.number().min(0).default(0),
  }),
  /** Times `factor` at each of the epochs (FractalNet, residual networks). */
  z.strictObject({
    kind: z.literal('milestones'),
    epochs: z
      .array(z.number().int().positive())
      .min(1)
      .refine(
        (epochs) => epochs.every((epoch, i) => i === 0 || epoch > (epochs[i - 1] as number)),
        'must ascend: each epoch after the one before',
      ),
    factor: z.number().positive().max(1),
    warmupEpochs: z.number().min(0).default(0),
  }),
  /** Cosine with warm restarts (Loshchilov & Hutter 2017), as ENAS uses it. */
  z.strictObject({
    kind: z.literal('sgdr'),
    minLearningRate: z.number().min(0).default(0),
    firstPeriodEpochs: z.number().positive().default(10),
    periodMultiplier: z.number().min(1).default(2),
  }),
]);

/** How a network is trained; defaults are those of the DARTS CIFAR-10 recipe (Liu et al. 2019, §A.1). */
export const recipeSchema = z.strictObject({
  epochs: z.number().int().min(1).default(50),
  batchSize: z.number().int().min(1).default(64),
  optimizer: optimizer.prefault({ kind: 'sgd' }),
  schedule: schedule.prefault({ kind: 'cosine' }),
  /** Global gradient-norm bound; 0 switches clipping off. */
  clipNorm: z.number().min(0).default(5),
  /** Weight of the auxiliary head's loss; 0 means no auxiliary head. */
  auxiliaryWeight: z.number().min(0).default(0),
  /** Final drop-path probability, raised linearly over training (NASNet's ScheduledDropPath). */
  dropPath: z.number().min(0).max(0.95).default(0),
  /** Dropout before the classifier. */
  dropout: z.number().min(0).max(0.95).default(0),
  labelSmoothing: z.number().min(0).max(0.5).default(0),
  /** Decay of an exponential moving average of the weights used for evaluation; 0 switches it off. */
  emaDecay: z.number().min(0).max(0.99999).default(0),
  /**
   * Of convolutions and matrix products: `mixed` computes them in bfloat16 and needs a GPU, `auto` does so where there is one.
   * Published recipes are in float32.
   */
  precision: z.enum(['float32', 'mixed', 'auto']).default('float32'),
});
export type Recipe = z.infer<typeof recipeSchema>;

/** Size of a network built from cells or layers; `docs/spaces.md` says what both numbers mean in each space. */
export const networkSchema = z.strictObject({
  /** C: channels of the first cell; 16 leaves the widths of genotypes that state their own as they are. */
  channels: z.number().int().min(1).default(16),
  /** Number of cells; not used where the genotype has the depth. */
  layers: z.number().int().min(1).default(8),
  stem: z.enum(['cifar', 'imagenet']).default('cifar'),
});
export type NetworkSize = z.infer<typeof networkSchema>;

export const augmentationSchema = z.strictObject({
  /** Zero padding on each side before a random crop back to the image size; 0 switches it off. */
  cropPadding: z.number().int().min(0).default(4),
  horizontalFlip: z.boolean().default(true),
  /**
   * Of image files: smallest share of the area that a random crop takes (Szegedy et al. 2015), 0.08 when absent; it replaces
   * `cropPadding`.
   */
  minCropArea: z.number().gt(0).max(1).exactOptional(),
  /** Side of the square that cutout (DeVries & Taylor 2017) erases; 0 switches it off. */
  cutout: z.number().int().min(0).default(0),
});
export type Augmentation = z.infer<typeof augmentationSchema>;
