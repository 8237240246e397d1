import type { Experiment } from '../../nas/experiment/experiment.ts';
import type { ImageRecipe } from '../../nas/task/images/recipe.ts';
import type { CellGenotype } from '../../nas/space/cell-genotype.ts';

/** One timed program with its sizes, in the form that both workers read. */
interface Common {
  readonly channels: number;
  readonly layers: number;
  readonly batch: number;
  readonly threads: number;
}

/** Settings of the weights' SGD with clipping. */
export interface StepRecipe {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
  readonly auxiliaryWeight: number;
}

/** Adam of the alphas. */
interface ArchitectureSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
}

type TwinnedSpec = Common & { readonly recipe: StepRecipe } & (
    | {
        readonly kind: 'darts';
        readonly secondOrder: boolean;
        readonly architecture: ArchitectureSettings;
      }
    | {
        readonly kind: 'snas';
        readonly temperature: number;
        readonly resourceWeight: number;
        readonly architecture: ArchitectureSettings;
      }
    /** Each path is [2][14]. */
    | { readonly kind: 'random-sharing'; readonly paths: readonly (readonly (readonly number[])[])[] }
    /** Each path as the shared network reads it. */
    | {
        readonly kind: 'enas';
        readonly space: 'enas-macro' | 'enas-micro';
        readonly paths: readonly (readonly number[])[];
      }
    | { readonly kind: 'retraining'; readonly genotype: CellGenotype }
  );

/** Steps without a twin draw their architectures themselves. */
type LoneSpec =
  | (Common & {
      readonly kind: 'shared-cells';
      readonly recipe: StepRecipe;
      readonly space: 'nasnet' | 'pnas';
    })
  | (Common & {
      readonly kind: 'smash';
      readonly recipe: ImageRecipe;
      readonly space: Experiment['space'];
      readonly strategy: Extract<Experiment['strategy'], { name: 'smash' }>;
    });

export type StepSpec = TwinnedSpec | LoneSpec;

/** Side of the square images, channels and classes of every timed program: CIFAR-10's. */
export const IMAGE = [32, 32, 3] as const;
export const CLASSES = 10;
