import { max, min } from 'simple-statistics';
import type { DatasetManifest } from '../../nas/protocol/dataset.ts';
import type { Experiment } from '../../nas/protocol/experiment.ts';
import { givenCell } from '../../nas/protocol/given-cell.ts';
import { inputError } from '../../nas/protocol/input-error.ts';
import type { LoadedExperiment } from '../../nas/protocol/load-experiment.ts';
import { LATENCY } from '../../nas/protocol/measures.ts';
import { spaceOf } from '../../nas/protocol/spaces.ts';
import { randomFromSeed } from '../../nas/random.ts';
import { withinLimits } from '../../nas/strategy/objective.ts';
import type { Measures } from '../../nas/strategy/objective.ts';
import { countMultiplyAdds, countParameters } from '../../nas/training/counting.ts';
import { oneValueOnly } from '../../nas/training/batch-norm.ts';
import { countNetwork } from '../../nas/training/networks/count-network.ts';
import { describeClassifier, type NetworkSetting } from '../../nas/training/networks/network.ts';
import { networkOf } from '../../nas/training/networks/registry.ts';
import { InvalidArchitectureError } from '../../nas/training/program.ts';
import type { Description } from '../../nas/training/shape-layers.ts';
import { supernetOf } from '../../nas/training/supernets/registry.ts';
import { describeSupernet } from '../../nas/training/supernets/supernet.ts';

type Stage = 'search' | 'retrain' | 'evaluate';

/** What one job of a stage trains. */
export interface NetworkSizes {
  readonly stage: Stage;
  /** `supernet`, `given cell`, or the mean of random architectures. */
  readonly network: string;
  readonly parameters: number;
  /** Of one image, forward. */
  readonly multiplyAdds: number;
  /** All intermediate results of one training minibatch, float32: what its backward pass needs. */
  readonly activationBytes: number;
}

const SAMPLES = 16;

const settingOf = (experiment: Experiment, stage: Stage, dataset: DatasetManifest): NetworkSetting => {
  const { network, recipe } = experiment.stages[stage];
  return {
    size: network,
    image: dataset.shape,
    classes: dataset.classes.length,
    auxiliary: recipe.auxiliaryWeight > 0,
  };
};

/** Architectures that a stage trains, as far as they are known before it. */
const descriptionsOf = (
  experiment: Experiment,
  stage: Stage,
  dataset: DatasetManifest,
  samples: number,
): readonly [network: string, descriptions: readonly Description[]] => {
  const { space, strategy } = experiment;
  const setting = settingOf(experiment, stage, dataset);
  if (stage === 'search' && (strategy.name === 'darts' || strategy.name === 'snas'))
    return ['supernet', [describeSupernet(supernetOf(space.name, setting))]];
  const describe = (genotype: string): Description => describeClassifier(networkOf(space, genotype), setting);
  if (strategy.name === 'given') return ['given cell', [describe(givenCell(experiment).genotype)]];
  const random = randomFromSeed(0);
  const drawn = Array.from({ length: samples }, () => spaceOf(experiment).sample(random).genotype);
  return [`mean of ${samples} random`, drawn.map(describe)];
};

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const stagesOf = ({ strategy, stages }: Experiment): readonly Stage[] => [
  ...(strategy.name === 'given' ? [] : (['search'] as const)),
  ...(stages.retrain.topK === 0 ? [] : (['retrain'] as const)),
  'evaluate',
];

/** The networks of each stage, before anything is trained. */
export const networkSizes = (experiment: Experiment, dataset: DatasetManifest): readonly NetworkSizes[] =>
  stagesOf(experiment).map((stage) => {
    const [network, descriptions] = descriptionsOf(experiment, stage, dataset, SAMPLES);
    return {
      stage,
      network,
      parameters: mean(descriptions.map(countParameters)),
      multiplyAdds: mean(descriptions.map(countMultiplyAdds)),
      activationBytes:
        experiment.stages[stage].recipe.batchSize * mean(descriptions.map((d) => d.activationBytes)),
    };
  });

/** Random networks of stage 1 under the limits of its objective. */
export interface LimitedNetworks {
  readonly networks: number;
  /** How many of them are within all limits. */
  readonly within: number;
  /** The least and the greatest measure among them, by what is limited. */
  readonly ranges: Readonly<Record<string, readonly [number, number]>>;
}

const LIMITED_SAMPLES = 64;

/** How many networks the limits leave to a search, as far as a network can be counted before it is trained; `undefined` without such limits. */
export const limitedNetworks = (
  experiment: Experiment,
  { shape, classes }: DatasetManifest,
): LimitedNetworks | undefined => {
  const { objective, table, network } = experiment.stages.search;
  const { [LATENCY]: _timed, ...limits } = objective?.limits ?? {};
  const names = Object.keys(limits);
  if (table !== undefined || names.length === 0) return undefined;
  const random = randomFromSeed(0);
  const counts = Array.from({ length: LIMITED_SAMPLES }, () => {
    const { genotype } = spaceOf(experiment).sample(random);
    const { space } = experiment;
    return countNetwork({ space, genotype, size: network, image: shape, classes: classes.length });
  }).flatMap((count): readonly Measures[] => (count === undefined ? [] : [{ ...count }]));
  if (counts.length === 0) return undefined;
  return {
    networks: counts.length,
    within: counts.filter((count) => withinLimits({ limits, weights: {} }, count)).length,
    ranges: Object.fromEntries(
      names.map((name) => {
        const values = counts.map((count) => count[name] as number);
        return [name, [min(values), max(values)]];
      }),
    ),
  };
};

/** Spaces all of whose architectures fit an image, or none. */
const UNIFORM = new Set(['darts-cnn', 'nas-bench-201']);

/**
 * Throws `InputError` where the images of the data set are of a size that the networks cannot have, or leave a batch norm a single
 * value to normalise.
 */
export const checkNetworks = ({ experiment, place }: LoadedExperiment, dataset: DatasetManifest): void => {
  if (experiment.strategy.name !== 'given' && !UNIFORM.has(experiment.space.name)) return;
  for (const stage of stagesOf(experiment)) {
    const { network, recipe } = experiment.stages[stage];
    try {
      const [, descriptions] = descriptionsOf(experiment, stage, dataset, 1);
      for (const { leastNormalizedPixels } of descriptions) {
        const refusal = oneValueOnly(recipe.batchSize, leastNormalizedPixels);
        if (refusal !== undefined)
          throw inputError(
            place(['stages', stage, 'recipe', 'batchSize']),
            recipe.batchSize,
            `at least 2 on the ${dataset.shape.join(' × ')} images of ${dataset.name}`,
            refusal,
          );
      }
    } catch (cause) {
      if (!(cause instanceof InvalidArchitectureError)) throw cause;
      throw inputError(
        place(['stages', stage, 'network']),
        network,
        `a size that fits the ${dataset.shape.join(' × ')} images of ${dataset.name}`,
        cause.message,
        { cause },
      );
    }
  }
};
