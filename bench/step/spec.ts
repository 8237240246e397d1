import { z } from 'zod';
import { smash } from '../../nas/search/one-job/smash.ts';
import { checkCellGenotype } from '../../nas/space/cell-genotype.ts';
import { spaceSchema } from '../../nas/space/registry.ts';
import { recipeSchema } from '../../nas/task/images/recipe.ts';

/** Settings of the weights' SGD with clipping. */
const stepRecipe = z.strictObject({
  learningRate: z.number(),
  momentum: z.number(),
  weightDecay: z.number(),
  clipNorm: z.number(),
  auxiliaryWeight: z.number(),
});
export type StepRecipe = z.infer<typeof stepRecipe>;

/** Adam of the alphas. */
const architecture = z.strictObject({
  learningRate: z.number(),
  beta1: z.number(),
  beta2: z.number(),
  weightDecay: z.number(),
});

/** One timed program with its sizes. */
const program = z.strictObject({
  channels: z.number(),
  layers: z.number(),
  batch: z.number(),
  threads: z.number(),
  recipe: stepRecipe,
});

/** What is timed, in the form that both workers read. */
export const stepSpecSchema = z.discriminatedUnion('kind', [
  program.extend({ kind: z.literal('darts'), secondOrder: z.boolean(), architecture }),
  program.extend({
    kind: z.literal('snas'),
    temperature: z.number(),
    resourceWeight: z.number(),
    architecture,
  }),
  program.extend({
    kind: z.literal('random-sharing'),
    /** Each is [2][14]. */
    paths: z.array(z.array(z.array(z.number()).readonly()).readonly()).readonly(),
  }),
  program.extend({
    kind: z.literal('enas'),
    space: z.enum(['enas-macro', 'enas-micro']),
    /** Each as the shared network reads it. */
    paths: z.array(z.array(z.number()).readonly()).readonly(),
  }),
  program.extend({
    kind: z.literal('retraining'),
    genotype: z.unknown().transform((value) => checkCellGenotype(value)),
  }),
  // Steps without a twin draw their architectures themselves.
  program.extend({ kind: z.literal('shared-cells'), space: z.enum(['nasnet', 'pnas']) }),
  program.extend({
    kind: z.literal('smash'),
    recipe: recipeSchema,
    space: spaceSchema,
    strategy: smash.schema,
  }),
]);
export type StepSpec = z.infer<typeof stepSpecSchema>;

/** Side of the square images, channels and classes of every timed program: CIFAR-10's. */
export const IMAGE = [32, 32, 3] as const;
export const CLASSES = 10;
