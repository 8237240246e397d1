import { readFileSync } from 'node:fs';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { randomFromSeed, type Random } from '../../nas/core/random.ts';
import { dartsCnn, encodePath } from '../../nas/space/darts-cnn.ts';
import { enasMacro } from '../../nas/space/enas-macro.ts';
import { enasMicro } from '../../nas/space/enas-micro.ts';
import { publishedCell } from '../../nas/space/published-cells.ts';
import { RESOURCE_WEIGHTS } from '../../nas/training/programs/snas-strategy.ts';
import { macroPath } from '../../nas/training/supernets/enas-macro.ts';
import { microPath } from '../../nas/training/supernets/enas-micro.ts';
import { networkSchema, recipeSchema } from '../../nas/task/images/recipe.ts';
import type { StepRecipe, StepSpec } from './spec.ts';

/** How a step is compared with the same one in PyTorch. */
export interface Twin {
  /** Largest ratio to PyTorch that the product promises. */
  readonly target: number;
  /**
   * Whether `torch.compile` can serve: the graph of a path changes with every step, and each would be
   * compiled anew.
   */
  readonly oneGraph: boolean;
  /**
   * Whether a compiled twin counts in the ratio. A mixture takes many minutes to compile, which no search can
   * afford: its time is printed, and the ratio is to the fastest of the others.
   */
  readonly judgedCompiled: boolean;
  /** Whether both sides draw the same random numbers, so that their losses can be compared. */
  readonly deterministic: boolean;
}

/** A training step to be timed. */
export interface StepCase {
  readonly title: string;
  /** Absent where `bench/torch` has no such network. */
  readonly twin?: Twin;
  spec(threads: number): StepSpec;
}

const RECIPE: StepRecipe = {
  learningRate: 0.025,
  momentum: 0.9,
  weightDecay: 3e-4,
  clipNorm: 5,
  auxiliaryWeight: 0,
};
const SUPERNET = { channels: 16, layers: 4, batch: 16 } as const;
const ARCHITECTURE = { learningRate: 3e-4, beta1: 0.5, beta2: 0.999, weightDecay: 1e-3 } as const;

/** More than any run times, so that every step has a new path. */
const PATHS = 256;
const randomPaths = (): number[][][] => {
  const random = randomFromSeed(1);
  return Array.from({ length: PATHS }, () => {
    const flat = Array.from(encodePath(dartsCnn.sample(random)));
    return [flat.slice(0, 14), flat.slice(14)];
  });
};

const darts = (secondOrder: boolean): StepCase => ({
  title: `DARTS, ${secondOrder ? 'second' : 'first'} order: architecture step and weight step (C = 16, 4 cells, batch 16)`,
  twin: { target: 0.5, oneGraph: true, judgedCompiled: false, deterministic: true },
  spec: (threads) => ({
    kind: 'darts',
    secondOrder,
    ...SUPERNET,
    threads,
    recipe: RECIPE,
    architecture: ARCHITECTURE,
  }),
});

const ENAS_DEPTH = 6;

const enas = <G>(
  space: 'enas-macro' | 'enas-micro',
  encode: (genotype: G) => Int32Array,
  { sample }: { sample(random: Random): G },
  layers: number,
): StepCase => ({
  title: `${space}: shared weights of one new child a step (C = 16, ${layers} ${space === 'enas-macro' ? 'layers' : 'cells'}, batch 16)`,
  twin: { target: 0.7, oneGraph: false, judgedCompiled: false, deterministic: true },
  spec: (threads) => {
    const random = randomFromSeed(1);
    const paths = Array.from({ length: PATHS }, () => Array.from(encode(sample(random))));
    return { kind: 'enas', space, channels: 16, layers, batch: 16, threads, recipe: RECIPE, paths };
  },
});

/** The cells that NASNet, AmoebaNet and PNAS search, under shared weights. */
const sharedCells = (space: 'nasnet' | 'pnas', cells: string): StepCase => ({
  title: `${cells} cells under shared weights: one new cell a step (C = 16, 4 cells, batch 16)`,
  spec: (threads) => ({ kind: 'shared-cells', space, ...SUPERNET, threads, recipe: RECIPE }),
});

/** The HyperNet's step of a shipped experiment, on CIFAR-10's images. */
const smash = (experiment: string, sizes: string): StepCase => ({
  title: `SMASH: HyperNet and one new network a step (${experiment}: ${sizes})`,
  spec: (threads) => {
    const file = new URL(`../../experiments/${experiment}.yaml`, import.meta.url);
    const { space, strategy, stages } = loadExperiment(readFileSync(file, 'utf8'), {
      file: `${experiment}.yaml`,
      overrides: [],
    }).experiment;
    if (strategy.name !== 'smash') throw new Error(`${experiment}.yaml: is searched by ${strategy.name}`);
    const recipe = recipeSchema.parse(stages.search.recipe);
    const { channels, layers } = networkSchema.parse(stages.search.network);
    return { kind: 'smash', space, strategy, channels, layers, batch: recipe.batchSize, threads, recipe };
  },
});

export const CASES = {
  'darts-first-order': darts(false),
  'darts-second-order': darts(true),
  snas: {
    title: 'SNAS: one step of weights and alphas (C = 16, 4 cells, batch 16)',
    twin: { target: 0.5, oneGraph: true, judgedCompiled: false, deterministic: false },
    spec: (threads) => ({
      kind: 'snas',
      ...SUPERNET,
      threads,
      recipe: RECIPE,
      architecture: ARCHITECTURE,
      temperature: 1,
      resourceWeight: RESOURCE_WEIGHTS.mild,
    }),
  },
  'random-sharing': {
    title: 'Random search with weight sharing: one new path a step (C = 16, 4 cells, batch 16)',
    twin: { target: 0.7, oneGraph: false, judgedCompiled: false, deterministic: true },
    spec: (threads) => ({
      kind: 'random-sharing',
      ...SUPERNET,
      threads,
      recipe: RECIPE,
      paths: randomPaths(),
    }),
  },
  'enas-macro': enas('enas-macro', macroPath, enasMacro(ENAS_DEPTH), ENAS_DEPTH),
  'enas-micro': enas('enas-micro', microPath, enasMicro, 5),
  nasnet: sharedCells('nasnet', 'NASNet and AmoebaNet'),
  pnas: sharedCells('pnas', 'PNAS'),
  smash: smash('smash-small', 'depth 2, C = 4, batch 64'),
  retraining: {
    title: 'Retraining the cell DARTS_V2 with auxiliary head (C = 16, 8 cells, batch 32)',
    twin: { target: 1, oneGraph: true, judgedCompiled: true, deterministic: true },
    spec: (threads) => ({
      kind: 'retraining',
      channels: 16,
      layers: 8,
      batch: 32,
      threads,
      recipe: { ...RECIPE, auxiliaryWeight: 0.4 },
      genotype: publishedCell('DARTS_V2'),
    }),
  },
} as const satisfies Readonly<Record<string, StepCase>>;

export type CaseName = keyof typeof CASES;
export const CASE_NAMES = Object.keys(CASES) as CaseName[];
