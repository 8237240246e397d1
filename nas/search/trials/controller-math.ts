import type { Decisions } from '../../space/space.ts';
import type { Json } from '../../core/json.ts';

/** One time step of an autoregressive controller. */
type ControllerStep =
  /** One choice, by the softmax layer and embedding named `table`, which other steps may share. */
  | { readonly kind: 'choice'; readonly table: string; readonly size: number }
  /**
   * Anchor point: a bit for each of the first `bits` anchors before it, by attention (Zoph & Le 2017, §3.3).
   */
  | { readonly kind: 'anchor'; readonly bits: number };

/** A controller's network: a stack of LSTM layers that reads its own choices. */
export interface ControllerShape {
  readonly layers: number;
  readonly hidden: number;
  readonly steps: readonly ControllerStep[];
  /** Options of every table of the parameters; a shape's steps may use some of them only. */
  readonly tables: Readonly<Record<string, number>>;
  /** Whether the parameters have those of anchor points. */
  readonly anchors: boolean;
}

/** What a controller learns from one network. */
export interface ControllerEpisode {
  readonly choices: readonly number[];
  readonly advantage: number;
  /** Σ log p(choice) under the parameters that the network was drawn with. */
  readonly logProbability: number;
}

/** `clip` null: REINFORCE, advantage · log p; else PPO's clipped surrogate (Schulman et al. 2017, eq. 7). */
interface ControllerObjective {
  readonly clip: number | null;
  readonly entropyWeight: number;
}

/**
 * The tensor arithmetic of controllers: a port, because strategies know no tensor library. Parameters are one
 * flat float32 vector in the order of `controllerLayout`. All functions are pure and equal in every process.
 */
export interface ControllerMath {
  /** Draws one list of choices by inversion; `uniforms` holds one number in [0, 1) a choice. */
  sample(
    shape: ControllerShape,
    parameters: Float32Array,
    uniforms: readonly number[],
  ): { readonly choices: readonly number[]; readonly logProbability: number };
  logProbability(shape: ControllerShape, parameters: Float32Array, choices: readonly number[]): number;
  /** Gradient of the objective's mean over the episodes, to be ascended; as long as `parameters`. */
  gradient(
    shape: ControllerShape,
    parameters: Float32Array,
    episodes: readonly ControllerEpisode[],
    objective: ControllerObjective,
  ): Float32Array;
}

export interface ControllerParameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The parameters' names and shapes in the order of the flat vector. */
export const controllerLayout = ({
  layers,
  hidden,
  tables,
  anchors,
}: Omit<ControllerShape, 'steps'>): readonly ControllerParameter[] => [
  { name: 'start', shape: [1, hidden] },
  ...Array.from({ length: layers }, (_, layer) => [
    { name: `lstm ${layer}/weights`, shape: [2 * hidden, 4 * hidden] },
    { name: `lstm ${layer}/bias`, shape: [4 * hidden] },
  ]).flat(),
  ...Object.entries(tables).flatMap(([table, size]) => [
    { name: `${table}/softmax`, shape: [hidden, size] },
    { name: `${table}/bias`, shape: [size] },
    { name: `${table}/embedding`, shape: [size, hidden] },
  ]),
  ...(anchors
    ? [
        { name: 'anchor/previous', shape: [hidden, hidden] },
        { name: 'anchor/current', shape: [hidden, hidden] },
        { name: 'anchor/query', shape: [hidden, 1] },
        { name: 'anchor/input', shape: [1, hidden] },
      ]
    : []),
];

export const elements = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

export const controllerSize = (shape: Omit<ControllerShape, 'steps'>): number =>
  controllerLayout(shape).reduce((sum, { shape: dimensions }) => sum + elements(dimensions), 0);

/**
 * Decisions that differ in numbers alone (`layer 3/filters`, `layer 4/filters`) and have equal options share
 * a table.
 */
const tableOf = (label: string, size: number): string => `${label.replace(/\d+/g, '#')} of ${size}`;

/**
 * The time steps that make the choices: anchor points where the decisions mark them, a softmax for every
 * other.
 */
const controllerSteps = ({ sizes, labels, anchors = [] }: Decisions<Json>): readonly ControllerStep[] => {
  const steps: ControllerStep[] = [];
  const anchorAt = new Map(anchors.map(([first, bits]) => [first, bits]));
  for (let at = 0; at <= sizes.length;) {
    const bits = anchorAt.get(at);
    if (bits !== undefined) {
      steps.push({ kind: 'anchor', bits });
      anchorAt.delete(at);
      at += bits;
      continue;
    }
    const size = sizes[at++];
    if (size !== undefined)
      steps.push({ kind: 'choice', table: tableOf(labels[at - 1] as string, size), size });
  }
  return steps;
};

/** The shapes of one controller for decisions of several sizes: all have the same parameters. */
export const controllerShapes = (
  decisions: readonly Decisions<Json>[],
  { layers, hidden }: { readonly layers: number; readonly hidden: number },
): readonly ControllerShape[] => {
  const stepsOf = decisions.map(controllerSteps);
  const all = stepsOf.flat();
  const tables = Object.fromEntries(
    all.flatMap((step) => (step.kind === 'choice' ? [[step.table, step.size] as const] : [])),
  );
  const anchors = all.some(({ kind }) => kind === 'anchor');
  return stepsOf.map((steps) => ({ layers, hidden, steps, tables, anchors }));
};
