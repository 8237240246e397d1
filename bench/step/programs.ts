import { ONE_JOB_SEARCHES } from '../../nas/search/one-job/registry.ts';
import type { ProgramTask, SearchSpec } from '../../nas/job/program-spec.ts';
import { augmentationSchema, recipeSchema } from '../../nas/task/images/recipe.ts';
import type { ImageRecipe } from '../../nas/task/images/recipe.ts';
import { spaceSchema, type SpaceChoice } from '../../nas/space/registry.ts';
import { deriveSeed, randomFromSeed } from '../../nas/core/random.ts';
import { parameterNames } from '../../nas/training/layers/counting.ts';
import type { Batch } from '../../nas/task/images/batches.ts';
import {
  describeFinalNetwork,
  evaluateFinalNetwork,
  finalNetworkVariables,
  trainFinalNetwork,
  type FinalNetworkSpec,
} from '../../nas/training/networks/darts-final.ts';
import { compileModel } from '../../nas/training/programs/compiled-model.ts';
import { compileMixture } from '../../nas/training/programs/compiled-mixture.ts';
import type { Classifier } from '../../nas/training/networks/classifier.ts';
import { dartsStrategy } from '../../nas/training/programs/darts-strategy.ts';
import { choiceSupernet } from '../../nas/training/tasks/images/choice-supernet.ts';
import { gatedSupernet, type SharedClassifier } from '../../nas/training/tasks/images/gated-supernet.ts';
import type { MixtureStrategy } from '../../nas/training/programs/mixture-strategy.ts';
import type { StepPlace } from '../../nas/training/graph/scheduled.ts';
import { imageClassification } from '../../nas/training/tasks/images/image-classification.ts';
import type { ImageTypes } from '../../nas/task/images/image-classification.ts';
import { imageBatch, imageShapes, type ImageSource } from '../../nas/training/tasks/images/image-data.ts';
import { imageMixture } from '../../nas/training/tasks/images/image-mixture.ts';
import { imageModel } from '../../nas/training/tasks/images/image-model.ts';
import { smashNetworkFor } from '../../nas/training/tasks/images/smash-network.ts';
import { snasStrategy } from '../../nas/training/programs/snas-strategy.ts';
import { splitVariables } from '../../nas/training/networks/split-variables.ts';
import { prefixed } from '../../nas/training/graph/variable-groups.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { dartsSupernet } from '../../nas/training/supernets/darts-supernet.ts';
import type { Supernet } from '../../nas/training/supernets/supernet.ts';
import type { Tf } from '../../nas/training/graph/tensor.ts';
import { CLASSES, IMAGE, type StepSpec } from './spec.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;
type Kind<K extends StepSpec['kind']> = Extract<StepSpec, { kind: K }>;

/**
 * One training step of a system, as jobs run it: `step(i)` on fixed data, with the i-th path if it takes one.
 */
export interface StepProgram {
  /** Mean loss of the training minibatch. */
  step(i: number): number;
  /** Weights, alphas and data before the first step, in this product's layouts. */
  readonly initial: HostTensors;
}

const shapeOf = (spec: StepSpec): [number, number, number, number] => [spec.batch, ...IMAGE];

/** Fixed images and labels; `offset` tells minibatches apart. */
const batchOf = (spec: StepSpec, offset: number): Batch => {
  const size = shapeOf(spec).reduce((a, b) => a * b, 1);
  return {
    x: Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898 + offset) * 1.5),
    y: Int32Array.from({ length: spec.batch }, (_, i) => (i * 7 + offset) % CLASSES),
    valid: spec.batch,
  };
};

const hosted = (which: string, spec: StepSpec, { x, y }: Batch): HostTensors => ({
  [`${which}/x`]: { dtype: 'float32', shape: shapeOf(spec), data: x },
  [`${which}/y`]: { dtype: 'int32', shape: [y.length], data: y },
});

/** The timed steps are fed by this file; no program opens a data set. */
const NO_IMAGES: ImageSource = {
  shape: IMAGE,
  classes: CLASSES,
  counts: { train: 0, test: 0 },
  open: (split) => Promise.reject(new Error(`split ${split}: a timed step opens no data set`)),
};

const recipeOf = ({ recipe }: StepSpec): ImageRecipe => {
  if ('optimizer' in recipe) return recipe;
  return recipeSchema.parse({
    optimizer: {
      kind: 'sgd',
      learningRate: recipe.learningRate,
      momentum: recipe.momentum,
      weightDecay: recipe.weightDecay,
    },
    clipNorm: recipe.clipNorm,
    auxiliaryWeight: recipe.auxiliaryWeight,
  });
};

const supernetOf = ({ channels, layers }: StepSpec): Supernet =>
  dartsSupernet({
    size: { channels, layers, stem: 'cifar' },
    image: IMAGE,
    classes: CLASSES,
  });

const mixtureStep = async (
  tf: Tf,
  spec: Kind<'darts' | 'snas'>,
  strategy: MixtureStrategy,
): Promise<StepProgram> => {
  const recipe = recipeOf(spec);
  const mixture = imageMixture(tf, supernetOf(spec), recipe, 0);
  const feed = imageShapes('training', shapeOf(spec));
  const compiled = await compileMixture(
    tf,
    strategy,
    { mixture, recipe, seed: 1 },
    {
      training: feed,
      ...(strategy.plan.searchesOn && { search: imageShapes('search', shapeOf(spec)) }),
      evaluation: feed,
    },
    imageClassification,
  );
  const training = batchOf(spec, 0);
  const search = strategy.plan.searchesOn && batchOf(spec, 1);
  const variables = Object.entries(compiled.read()).filter(([name]) => /^(weights|alphas)\//.test(name));
  return {
    initial: {
      ...Object.fromEntries(variables),
      ...hosted('training', spec, training),
      ...(search && hosted('search', spec, search)),
      ...(spec.kind === 'snas' && prefixed('costs', mixture.edgeCosts?.() ?? {})),
    },
    step: (i) => {
      const { loss } = compiled.step({
        training: imageBatch(shapeOf(spec), training),
        ...(search && { search: imageBatch(shapeOf(spec), search) }),
        learningRate: spec.recipe.learningRate,
        inputs: strategy.inputsAt(i, Number.MAX_SAFE_INTEGER),
      });
      return loss / spec.batch;
    },
  };
};

const dartsStep = (tf: Tf, spec: Kind<'darts'>): Promise<StepProgram> => {
  const settings = ONE_JOB_SEARCHES.darts.schema.parse({
    name: 'darts',
    optimization: spec.secondOrder ? 'second-order' : 'first-order',
    architecture: spec.architecture,
  });
  return mixtureStep(tf, spec, dartsStrategy(tf, settings, recipeOf(spec)));
};

const snasStep = (tf: Tf, spec: Kind<'snas'>): Promise<StepProgram> => {
  const settings = ONE_JOB_SEARCHES.snas.schema.parse({
    name: 'snas',
    temperature: { initial: spec.temperature, final: spec.temperature },
    resourceConstraint: 'mild',
    dropPath: 0,
    architecture: spec.architecture,
  });
  const recipe = recipeOf(spec);
  const mixture = imageMixture(tf, supernetOf(spec), recipe, 0);
  const strategy = snasStrategy(tf, settings, recipe, { mixture, seed: 2 });
  return mixtureStep(tf, spec, strategy);
};

/** All timed steps are of the first epoch. */
const placeOf = (update: number): StepPlace => ({
  update,
  epoch: 0,
  index: update,
  steps: update + 1,
});

const classifierStep = async (
  tf: Tf,
  spec: StepSpec,
  classifier: Classifier,
  inputs: (i: number) => HostTensors,
): Promise<StepProgram> => {
  const recipe = recipeOf(spec);
  const feed = imageShapes('training', shapeOf(spec));
  const compiled = await compileModel(
    tf,
    imageModel(tf, classifier, recipe),
    recipe,
    { train: [feed], evaluate: [feed] },
    imageClassification,
  );
  const batch = batchOf(spec, 0);
  const minibatch = imageBatch(shapeOf(spec), batch);
  const { learningRate } = recipe.optimizer;
  return {
    initial: { ...prefixed('weights', classifier.weights), ...hosted('training', spec, batch) },
    step: (i) =>
      compiled.train(feed, minibatch, { learningRate, seed: [0, i], place: placeOf(i) }, inputs(i)).loss /
      spec.batch,
  };
};

const randomSharingStep = (tf: Tf, spec: Kind<'random-sharing'>): Promise<StepProgram> => {
  const { classifier } = gatedSupernet(tf, supernetOf(spec), 0, 'running', recipeOf(spec));
  const paths = spec.paths.map((rows) => Int32Array.from(rows.flat()));
  return classifierStep(tf, spec, classifier, (i) => {
    const data = paths[i % paths.length] as Int32Array;
    return { path: { dtype: 'int32', shape: [data.length], data } };
  });
};

const taskOf = (spec: StepSpec, space: SpaceChoice): ProgramTask<ImageTypes> => ({
  space,
  network: { channels: spec.channels, layers: spec.layers, stem: 'cifar' },
  recipe: recipeOf(spec),
  data: { validationFraction: 0.5, splitSeed: 0, augmentation: augmentationSchema.parse({}) },
  seed: 0,
});

const enasStep = (tf: Tf, spec: Kind<'enas'>): Promise<StepProgram> => {
  const { space, layers } = spec;
  const search: SearchSpec<'enas', ImageTypes> = {
    kind: 'enas-search',
    strategy: ONE_JOB_SEARCHES.enas.schema.parse({ name: 'enas' }),
    ...taskOf(spec, spaceSchema.parse({ name: space, ...(space === 'enas-macro' && { depth: layers }) })),
  };
  const { classifier } = choiceSupernet(tf, NO_IMAGES, search);
  return classifierStep(tf, spec, classifier, (i) => {
    const data = Int32Array.from(spec.paths[i % spec.paths.length] as readonly number[]);
    return { path: { dtype: 'int32', shape: [data.length], data } };
  });
};

/** A new architecture a step, drawn from the network's space. */
const sampledStep = (tf: Tf, spec: StepSpec, network: SharedClassifier): Promise<StepProgram> =>
  classifierStep(tf, spec, network.classifier, (i) => ({
    path: network.path(network.space.sample(randomFromSeed(deriveSeed(1, 'architecture', i)))),
  }));

const sharedCellsStep = (tf: Tf, spec: Kind<'shared-cells'>): Promise<StepProgram> => {
  const task = taskOf(spec, spaceSchema.parse({ name: spec.space }));
  return sampledStep(tf, spec, choiceSupernet(tf, NO_IMAGES, task));
};

const smashStep = (tf: Tf, spec: Kind<'smash'>): Promise<StepProgram> => {
  const search: SearchSpec<'smash', ImageTypes> = {
    kind: 'smash-search',
    strategy: spec.strategy,
    ...taskOf(spec, spec.space),
  };
  return sampledStep(tf, spec, smashNetworkFor(tf, NO_IMAGES, search));
};

const retrainingStep = (tf: Tf, spec: Kind<'retraining'>): Promise<StepProgram> => {
  const network: FinalNetworkSpec = {
    genotype: spec.genotype,
    size: { channels: spec.channels, layers: spec.layers, stem: 'cifar' },
    image: IMAGE,
    classes: CLASSES,
    auxiliary: true,
  };
  const names = parameterNames(describeFinalNetwork(network));
  const classifier: Classifier = {
    ...splitVariables(finalNetworkVariables(network, 0), names),
    inputs: {},
    train: ({ trace, vars, x, drop }) => trainFinalNetwork(tf, network, vars, x, trace, drop),
    evaluate: ({ vars, x }) => evaluateFinalNetwork(tf, network, vars, x),
  };
  return classifierStep(tf, spec, classifier, () => ({}));
};

/** Compiles the program of a spec. */
export const stepProgram = (tf: Tf, spec: StepSpec): Promise<StepProgram> => {
  switch (spec.kind) {
    case 'darts':
      return dartsStep(tf, spec);
    case 'snas':
      return snasStep(tf, spec);
    case 'random-sharing':
      return randomSharingStep(tf, spec);
    case 'enas':
      return enasStep(tf, spec);
    case 'shared-cells':
      return sharedCellsStep(tf, spec);
    case 'smash':
      return smashStep(tf, spec);
    case 'retraining':
      return retrainingStep(tf, spec);
  }
};
