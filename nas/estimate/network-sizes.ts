import { max, mean, min } from 'simple-statistics';
import type { DatasetManifest } from '../task/manifest.ts';
import { STAGE_KEYS, type StageKey } from '../task/task.ts';
import { taskOf } from '../task/tasks.ts';
import type { Experiment } from '../experiment/experiment.ts';
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
import { withinLimits } from '../search/objective.ts';
import type { Measures } from '../search/objective.ts';
import { countNetwork } from '../training/tasks/count-network.ts';
import type { NetworkFacts } from '../training/tasks/tensor-task.ts';
import { optimizerOf } from '../training/optimizers/from-recipe.ts';
import { InvalidArchitectureError } from '../training/program.ts';
import { FEWEST } from './drawn-networks.ts';
import { runNetworks } from './run-networks.ts';
import { rangeOf, type Range } from './spread.ts';

/** What one job of a stage holds and costs; where it may have several networks, on average. */
export interface NetworkSizes {
  readonly stage: StageKey;
  /** What is trained, in words: `supernet`, `given cell`, `64 random networks`, … */
  readonly network: string;
  /**
   * Trained weights of the network as it is used after training: without the auxiliary head, as limits and
   * reports count them. Where networks share weights, those of all.
   */
  readonly parameters: number;
  /** Of one example, forward. */
  readonly multiplyAdds: number;
  /** All intermediate results of one training minibatch, float32. */
  readonly activationBytes: number;
  /**
   * Memory that no training can do without, of the smallest of the networks: the weights, their gradients,
   * the optimiser's state and averages, and the intermediate results that gradients of weights are computed
   * from. Where networks share weights, those of all, with the results of the one that is trained.
   */
  readonly leastBytes: number;
  /** The same of each network: between which values four of five lie. */
  readonly likely: Readonly<Record<'parameters' | 'multiplyAdds' | 'activationBytes' | 'leastBytes', Range>>;
}

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
const leastBytes = (
  recipe: Recipe,
  examples: number,
  { trainedParameters, keptBytes }: NetworkFacts,
): number =>
  FLOAT_BYTES * weightCopies(recipe) * trainedParameters +
  // Where there is a choice, the narrower numbers.
  (recipe.precision === 'float32' ? 1 : 0.5) * examples * keptBytes;

/** Stages that train something. */
const stagesOf = ({ strategy, stages }: Experiment): readonly StageKey[] => [
  ...(isGiven(strategy) || stages.search.table !== undefined ? [] : (['search'] as const)),
  ...(stages.retrain.topK === 0 ? [] : (['retrain'] as const)),
  'evaluate',
];

/** The networks of each stage, before anything is trained. */
export const networkSizes = (
  experiment: Experiment,
  dataset: DatasetManifest,
  networks = runNetworks(experiment, dataset),
): readonly NetworkSizes[] =>
  stagesOf(experiment).map((stage) => {
    const { recipe } = experiment.stages[stage];
    const { network, facts } = networks.trained(stage);
    const examples = taskOf(experiment.task.kind).stepExamples(recipe);
    const each = {
      parameters: facts.map(({ parameters }) => parameters),
      multiplyAdds: facts.map(({ multiplyAdds }) => multiplyAdds),
      activationBytes: facts.map(({ activationBytes }) => examples * activationBytes),
      leastBytes: facts.map((one) => leastBytes(recipe, examples, one)),
    };
    return {
      stage,
      network,
      parameters: mean(each.parameters),
      multiplyAdds: mean(each.multiplyAdds),
      activationBytes: mean(each.activationBytes),
      leastBytes: min(each.leastBytes),
      likely: {
        parameters: rangeOf(each.parameters),
        multiplyAdds: rangeOf(each.multiplyAdds),
        activationBytes: rangeOf(each.activationBytes),
        leastBytes: rangeOf(each.leastBytes),
      },
    };
  });

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
  const { network, recipe } = experiment.stages[stage];
  const task = taskOf(experiment.task.kind);
  const examples = task.stepExamples(recipe);
  /** Of the smallest of so many networks. */
  const leastOf = (drawn?: number): number =>
    min(
      runNetworks(experiment, dataset, drawn)
        .trained(stage)
        .facts.map((facts) => leastBytes(recipe, examples, facts)),
    );
  const held = gpus > 0 ? 0 : task.heldBytes(dataset);
  const room = gpus > 0 ? gpuMemoryMiB : memoryMiB;
  const neededFor = (bytes: number): number => Math.ceil((bytes + held) / MiB);
  if (neededFor(leastOf(FEWEST)) <= room) return [];
  const needed = neededFor(leastOf());
  if (needed <= room) return [];
  const what = `weights of ${task.sizeText(network)} with their gradients, and what minibatches of ${recipe.batchSize} keep for them`;
  const smaller = `lower stages.${stage}.recipe.batchSize or stages.${stage}.network`;
  if (gpus > 0)
    return [
      inputError(
        place(['stages', stage]),
        { network, batchSize: recipe.batchSize },
        `what a GPU can hold, at most ${gpuMemoryMiB} MiB here; this cannot do without ${needed} MiB: ${what}`,
        `${smaller}${gpuMemoryMiB < LARGEST_GPU_MIB ? ', or name a queue with larger GPUs in resources.queue' : ''}`,
      ),
    ];
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
    const { facts } = runNetworks(experiment, dataset, 1).trained(stage);
    return facts.flatMap(({ refusesBatch }) => {
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
