import { z } from 'zod';

/**
 * The parts that recipes are made of, and what every program reads of one. A task's own recipe picks the
 * optimisers and schedules that it offers, each with the defaults of its literature, and adds what its
 * networks alone know (`images/recipe.ts`).
 */

const learningRate = z.number().positive().describe('At the beginning; the schedule moves it.');
const momentum = z.number().min(0).max(1).describe('Share of the last step that the next one keeps.');
const weightDecay = z.number().min(0).describe('L2 penalty on the weights, added to their gradients.');
const meanSquareDecay = z.number().min(0).max(1).describe('Decay of the mean of squared gradients.');

interface SgdDefaults {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

export const sgdSettings = (defaults: SgdDefaults) =>
  z.strictObject({
    kind: z.literal('sgd').describe('Which optimizer.'),
    learningRate: learningRate.default(defaults.learningRate),
    momentum: momentum.default(defaults.momentum),
    nesterov: z.boolean().describe("Nesterov's form of momentum.").default(false),
    weightDecay: weightDecay.default(defaults.weightDecay),
  });

export const adamSettings = z.strictObject({
  kind: z.literal('adam').describe('Which optimizer.'),
  learningRate: learningRate.default(1e-3),
  beta1: z.number().min(0).max(1).describe('Decay of the mean of gradients.').default(0.9),
  beta2: meanSquareDecay.default(0.999),
  epsilon: z.number().positive().describe('Added to the root that gradients are divided by.').default(1e-8),
  weightDecay: weightDecay.default(0),
});

export const rmspropSettings = z.strictObject({
  kind: z.literal('rmsprop').describe('Which optimizer.'),
  learningRate: learningRate.default(0.01),
  decay: meanSquareDecay.default(0.9),
  momentum: momentum.default(0.9),
  epsilon: z.number().positive().describe('Added to the root that gradients are divided by.').default(1),
  weightDecay: weightDecay.default(0),
});

/** Averaged SGD by a non-monotonic trigger: NT-ASGD (Merity et al. 2018, §3). */
export const asgdSettings = (defaults: Omit<SgdDefaults, 'momentum'>) =>
  z.strictObject({
    kind: z
      .literal('asgd')
      .describe(
        'Averages the weights from the epoch on whose validation loss is worse than the best of those more than `patience` epochs before it; evaluates the average.',
      ),
    learningRate: learningRate.default(defaults.learningRate),
    weightDecay: weightDecay.default(defaults.weightDecay),
    patience: z.number().int().min(1).describe('Epochs that the trigger leaves out.').default(5),
  });

/** What a schedule of that kind says of itself, with the kinds that a recipe offers. */
const kindOf = <const Kind extends string>(kind: Kind) =>
  z
    .literal(kind)
    .describe(
      'How the learning rate moves: constant, cosine, step, milestones, exponential, or sgdr (cosine with warm restarts, Loshchilov & Hutter 2017).',
    );
const minLearningRate = z.number().min(0).describe('Where the cosine ends.').default(0);
const factor = z.number().positive().max(1).describe('What the learning rate is multiplied with at each.');
const warmupEpochs = z
  .number()
  .min(0)
  .describe('Epochs of a linear rise from zero, before the schedule.')
  .default(0);

export const constantSchedule = z.strictObject({ kind: kindOf('constant') });

export const cosineSchedule = z.strictObject({ kind: kindOf('cosine'), minLearningRate, warmupEpochs });

export const stepSchedule = z.strictObject({
  kind: kindOf('step'),
  everyEpochs: z.number().positive().describe('Epochs between two steps.'),
  factor,
  warmupEpochs,
});

/** Times `factor` at each of the epochs (FractalNet, residual networks). */
export const milestonesSchedule = z.strictObject({
  kind: kindOf('milestones'),
  epochs: z
    .array(z.number().int().positive())
    .min(1)
    .refine(
      (epochs) => epochs.every((epoch, i) => i === 0 || epoch > (epochs[i - 1] as number)),
      'must ascend: each epoch after the one before',
    )
    .describe('Epochs at which the learning rate is multiplied with `factor`, ascending.'),
  factor,
  warmupEpochs,
});

/** Times `factor` with every epoch after the first so many: ENAS' recurrent cells (Pham et al. 2018, §3.1). */
export const exponentialSchedule = z.strictObject({
  kind: kindOf('exponential'),
  afterEpochs: z.number().int().min(0).describe('Epochs at the first learning rate.').default(0),
  factor,
});

/** Cosine with warm restarts (Loshchilov & Hutter 2017), as ENAS' code has it; see `schedules.ts`. */
export const sgdrSchedule = z.strictObject({
  kind: kindOf('sgdr'),
  minLearningRate,
  firstPeriodEpochs: z.number().positive().describe('Epochs to the first restart.').default(10),
  periodMultiplier: z.number().min(1).describe('What each period is longer by.').default(2),
});

export const clipNorm = z
  .number()
  .min(0)
  .describe('Global gradient-norm bound; 0 switches clipping off.')
  .default(5);

export const emaDecay = z
  .number()
  .min(0)
  .max(0.99999)
  .describe('Decay of an exponential moving average of the weights used for evaluation; 0 switches it off.')
  .default(0);

export const precision = z
  .enum(['float32', 'mixed', 'auto'])
  .describe(
    'Of convolutions and matrix products: `mixed` computes them in bfloat16 and needs a GPU, `auto` does so where there is one. Published recipes are in float32.',
  )
  .default('float32');

export type OptimizerSettings =
  | z.infer<ReturnType<typeof sgdSettings>>
  | z.infer<ReturnType<typeof asgdSettings>>
  | z.infer<typeof adamSettings>
  | z.infer<typeof rmspropSettings>;

export type ScheduleSettings = z.infer<
  | typeof constantSchedule
  | typeof cosineSchedule
  | typeof stepSchedule
  | typeof milestonesSchedule
  | typeof exponentialSchedule
  | typeof sgdrSchedule
>;

/** How a network is trained, as far as every program knows it; the rest is the business of its task. */
export interface Recipe {
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerSettings;
  readonly schedule: ScheduleSettings;
  /** Bound of the gradients' common norm; 0: none. */
  readonly clipNorm: number;
  /** Of averages of the weights; 0: none. */
  readonly emaDecay: number;
  readonly precision: 'float32' | 'mixed' | 'auto';
}
