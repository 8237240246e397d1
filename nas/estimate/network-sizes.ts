import { max, min } from 'simple-statistics';
import type { DatasetManifest } from '../task/manifest.ts';
import { STAGE_KEYS, type StageKey } from '../task/task.ts';
import { taskOf } from '../task/tasks.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { givenCell } from '../experiment/given-cell.ts';
import { LARGEST_GPU_MIB } from '../experiment/gpu-memory.ts';
import { inputError, inputErrors } from '../core/input-error.ts';
import type { InputError } from '../core/input-error.ts';
import type { LoadedExperiment } from '../experiment/load-experiment.ts';
import { LATENCY } from '../experiment/measures.ts';
import type { Recipe } from '../task/recipe.ts';
import { definitionOf } from '../space/registry.ts';
import { spaceOf } from '../space/spaces.ts';
import { randomFromSeed } from '../core/random.ts';
import { isGiven } from '../search/given.ts';
import { isOneJob, oneJobSearchOf } from '../search/one-job/registry.ts';
import { withinLimits } from '../search/objective.ts';
import type { Measures } from '../search/objective.ts';
import { countNetwork } from '../training/tasks/count-network.ts';
import { tensorTaskOf } from '../training/tasks/registry.ts';
import type { NetworkFacts } from '../training/tasks/tensor-task.ts';
import { optimizerOf } from '../training/optimizers/from-recipe.ts';
import { InvalidArchitectureError } from '../training/program.ts';

/** What one job of a stage trains. */
export interface NetworkSizes {
  readonly stage: StageKey;
  /** `supernet`, `given cell`, or the mean of random architectures. */
  readonly network: string;
  /**
   * Trained weights of the network as it is used after training: without the auxiliary head, as limits and
   * reports count them.
   */
  readonly parameters: number;
  /** Of one example, forward. */
  readonly multiplyAdds: number;
  /** All intermediate results of one training minibatch, float32. */
  readonly activationBytes: number;
  /**
   * Memory that no training can do without, of the smallest of the networks: its weights, their gradients,
   * the optimiser's state and averages, and the intermediate results that gradients of weights are computed
   * from.
   */
  readonly leastBytes: number;
}

const SAMPLES = 16;

/** Those that can be built at this size, and why another cannot. */
const built = (
  genotypes: readonly string[],
  describe: (genotype: string) => NetworkFacts,
): { readonly described: readonly NetworkFacts[]; readonly failure?: InvalidArchitectureError } => {
  const described: NetworkFacts[] = [];
  let failure: InvalidArchitectureError | undefined;
  for (const genotype of genotypes)
    try {
      described.push(describe(genotype));
    } catch (error) {
      if (!(error instanceof InvalidArchitectureError)) throw error;
      failure = error;
    }
  return { described, ...(failure && { failure }) };
};

/** Architectures that a stage trains, as far as they are known before it. */
const descriptionsOf = (
  experiment: Experiment,
  stage: StageKey,
  dataset: DatasetManifest,
  samples: number,
): readonly [network: string, descriptions: readonly NetworkFacts[]] => {
  const { space, strategy, task, stages } = experiment;
  const { network: size, recipe } = stages[stage];
  const { describe: facts, describeMixture } = tensorTaskOf(task.kind);
  const mixes = stage === 'search' && isOneJob(strategy) && oneJobSearchOf(strategy).trains === 'mixture';
  if (mixes && describeMixture !== undefined)
    return ['supernet', [describeMixture(dataset, { space, size, recipe })]];
  const describe = (genotype: string): NetworkFacts => facts(dataset, { space, genotype, size, recipe });
  if (isGiven(strategy)) return ['given cell', [describe(givenCell(experiment).genotype)]];
  const random = randomFromSeed(0);
  const drawn = Array.from({ length: samples }, () => spaceOf(experiment.space).sample(random).genotype);
  const { described, failure } = built(drawn, describe);
  if (described.length === 0) throw failure;
  return [`mean of ${described.length} random`, described];
};

const FLOAT_BYTES = 4;

/**
 * Copies of the weights that a training step holds: themselves, their gradients, the optimiser's slots,
 * averages.
 */
const weightCopies = ({ optimizer, emaDecay }: Recipe): number => {
  const slots = Object.keys(optimizerOf(optimizer).slots({ weight: { shape: [2] } }));
  return 2 + slots.filter((name) => name.startsWith('weight/')).length + (emaDecay > 0 ? 1 : 0);
};

/** See `NetworkSizes.leastBytes`. */
const leastBytes = (recipe: Recipe, { trainedParameters, keptBytes }: NetworkFacts): number =>
  FLOAT_BYTES * weightCopies(recipe) * trainedParameters +
  // Where there is a choice, the narrower numbers.
  (recipe.precision === 'float32' ? 1 : 0.5) * recipe.batchSize * keptBytes;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const stagesOf = ({ strategy, stages }: Experiment): readonly StageKey[] => [
  ...(isGiven(strategy) ? [] : (['search'] as const)),
  ...(stages.retrain.topK === 0 ? [] : (['retrain'] as const)),
  'evaluate',
];

const stageSizes = (experiment: Experiment, dataset: DatasetManifest, stage: StageKey): NetworkSizes => {
  const { recipe } = experiment.stages[stage];
  const [network, descriptions] = descriptionsOf(experiment, stage, dataset, SAMPLES);
  return {
    stage,
    network,
    parameters: mean(descriptions.map(({ parameters }) => parameters)),
    multiplyAdds: mean(descriptions.map(({ multiplyAdds }) => multiplyAdds)),
    activationBytes: recipe.batchSize * mean(descriptions.map(({ activationBytes }) => activationBytes)),
    leastBytes: min(descriptions.map((described) => leastBytes(recipe, described))),
  };
};

/** The networks of each stage, before anything is trained. */
export const networkSizes = (experiment: Experiment, dataset: DatasetManifest): readonly NetworkSizes[] =>
  stagesOf(experiment).map((stage) => stageSizes(experiment, dataset, stage));

/** Random networks of stage 1 under the limits of its objective. */
interface LimitedNetworks {
  readonly networks: number;
  /** How many of them are within all limits. */
  readonly within: number;
  /** The least and the greatest measure among them, by what is limited. */
  readonly ranges: Readonly<Record<string, readonly [number, number]>>;
}

const LIMITED_SAMPLES = 64;
/** Networks that are drawn before limits are said to leave none; as long as none is within them. */
const MOST_SAMPLES = 1000;

/**
 * How many networks the limits leave to a search, as far as a network can be counted before it is trained;
 * `undefined` without such limits. Where none of the first networks is within them, further ones are drawn.
 */
export const limitedNetworks = (
  experiment: Experiment,
  data: DatasetManifest,
): LimitedNetworks | undefined => {
  const { objective, table, network } = experiment.stages.search;
  const { [LATENCY]: _timed, ...limits } = objective?.limits ?? {};
  const names = Object.keys(limits);
  if (table !== undefined || names.length === 0) return undefined;
  const random = randomFromSeed(0);
  const { space } = experiment;
  const counts: Measures[] = [];
  let within = 0;
  for (let drawn = 0; drawn < MOST_SAMPLES && (drawn < LIMITED_SAMPLES || within === 0); drawn++) {
    const { genotype } = spaceOf(experiment.space).sample(random);
    const count = countNetwork({ space, genotype, size: network, data });
    if (count === undefined) continue;
    counts.push({ ...count });
    if (withinLimits({ limits, weights: {} }, { ...count })) within++;
  }
  if (counts.length === 0) return undefined;
  return {
    networks: counts.length,
    within,
    ranges: Object.fromEntries(
      names.map((name) => {
        const values = counts.map((count) => count[name] as number);
        return [name, [min(values), max(values)]];
      }),
    ),
  };
};

/** What the limits leave, in one sentence. */
export const describeLimits = ({ networks, within, ranges }: LimitedNetworks): string =>
  `${within === 0 ? 'none' : within} of ${networks} random networks ${within === 1 ? 'is' : 'are'} within the limits of ` +
  `the search; they have ${Object.entries(ranges)
    .map(([name, [least, most]]) => `${name} from ${least} to ${most}`)
    .join(', ')}`;

const MiB = 2 ** 20;

const throwAll = (errors: readonly InputError[]): void => {
  const [first, ...rest] = errors;
  if (first !== undefined) throw inputErrors([first, ...rest]);
};

/** What is said of a stage whose networks cannot have examples of the data set's size. */
const unfit = (
  stage: StageKey,
  { experiment, place }: LoadedExperiment,
  dataset: DatasetManifest,
  cause: InvalidArchitectureError,
): InputError =>
  inputError(
    place(['stages', stage, 'network']),
    experiment.stages[stage].network,
    `a size that fits the ${taskOf(experiment.task.kind).examples(dataset)} of ${dataset.name}`,
    cause.message,
    { cause },
  );

/** What a network check says; of networks that cannot be built, that. */
const orUnfit = (
  stage: StageKey,
  loaded: LoadedExperiment,
  dataset: DatasetManifest,
  check: () => readonly InputError[],
): readonly InputError[] => {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof InvalidArchitectureError)) throw cause;
    return [unfit(stage, loaded, dataset, cause)];
  }
};

const beyondMemory = (
  stage: StageKey,
  { experiment, place }: LoadedExperiment,
  dataset: DatasetManifest,
  gpuMemoryMiB: number,
): readonly InputError[] => {
  const { gpus, memoryMiB } = experiment.resources;
  const { leastBytes } = stageSizes(experiment, dataset, stage);
  const { network, recipe } = experiment.stages[stage];
  const what = `weights of ${taskOf(experiment.task.kind).sizeText(network)} with their gradients, and what minibatches of ${recipe.batchSize} keep for them`;
  const smaller = `lower stages.${stage}.recipe.batchSize or stages.${stage}.network`;
  if (gpus > 0) {
    const needed = Math.ceil(leastBytes / MiB);
    if (needed <= gpuMemoryMiB) return [];
    return [
      inputError(
        place(['stages', stage]),
        { network, batchSize: recipe.batchSize },
        `what a GPU can hold, at most ${gpuMemoryMiB} MiB here; this cannot do without ${needed} MiB: ${what}`,
        `${smaller}${gpuMemoryMiB < LARGEST_GPU_MIB ? ', or name a queue with larger GPUs in resources.queue' : ''}`,
      ),
    ];
  }
  const needed = Math.ceil((leastBytes + taskOf(experiment.task.kind).heldBytes(dataset)) / MiB);
  if (needed <= memoryMiB) return [];
  return [
    inputError(
      place(['resources', 'memoryMiB']),
      memoryMiB,
      `at least the ${needed} MiB that stages.${stage} cannot do without: ${what}`,
      `raise resources.memoryMiB, or ${smaller}`,
    ),
  ];
};

/**
 * Networks and minibatches of a stage for which memory cannot suffice, whatever the framework does: of the
 * job, or of the GPU where it has one.
 */
export const checkStageMemory = (
  stage: StageKey,
  loaded: LoadedExperiment,
  dataset: DatasetManifest,
  gpuMemoryMiB = LARGEST_GPU_MIB,
): readonly InputError[] =>
  stagesOf(loaded.experiment).includes(stage)
    ? orUnfit(stage, loaded, dataset, () => beyondMemory(stage, loaded, dataset, gpuMemoryMiB))
    : [];
/** Throws one `InputError` that lists the stages that no memory suffices for. */
export const checkMemory = (
  loaded: LoadedExperiment,
  dataset: DatasetManifest,
  gpuMemoryMiB?: number,
): void => throwAll(STAGE_KEYS.flatMap((stage) => checkStageMemory(stage, loaded, dataset, gpuMemoryMiB)));

/**
 * Stages whose networks cannot have examples of the data set's size, or cannot be trained by such minibatches
 * of them.
 */
export const checkStageNetwork = (
  stage: StageKey,
  loaded: LoadedExperiment,
  dataset: DatasetManifest,
): readonly InputError[] => {
  const { experiment, place } = loaded;
  if (!isGiven(experiment.strategy) && definitionOf(experiment.space.name).uniform !== true) return [];
  if (!stagesOf(experiment).includes(stage)) return [];
  const { recipe } = experiment.stages[stage];
  return orUnfit(stage, loaded, dataset, () => {
    const [, descriptions] = descriptionsOf(experiment, stage, dataset, 1);
    return descriptions.flatMap(({ refusesBatch }) => {
      const refusal = refusesBatch(recipe.batchSize);
      return refusal === undefined
        ? []
        : inputError(
            place(['stages', stage, 'recipe', 'batchSize']),
            recipe.batchSize,
            `at least 2 on the ${taskOf(experiment.task.kind).examples(dataset)} of ${dataset.name}`,
            refusal,
          );
    });
  });
};

/** Throws one `InputError` that lists the stages whose networks do not fit the data set. */
export const checkNetworks = (loaded: LoadedExperiment, dataset: DatasetManifest): void =>
  throwAll(STAGE_KEYS.flatMap((stage) => checkStageNetwork(stage, loaded, dataset)));
