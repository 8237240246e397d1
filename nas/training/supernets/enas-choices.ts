import { customOperation } from '../graph/custom-operation.ts';
import type { ImageShape, Layers } from '../layers/layers.ts';
import { matrixOf, separatePlaces, type GroupName, type Grouping, type Places } from '../graph/packing.ts';
import { describeNetwork } from '../layers/shape-layers.ts';
import { tensorLayers, type DropOptions, type TensorLayers } from '../layers/tensor-layers.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import type { Gate, Trace } from '../graph/trace.ts';
import { gatedVariables } from './gated-variables.ts';

/** One way to go on from x. */
export type Alternative<T> = (layers: Layers<T>, x: T) => T;

/**
 * The choices that a shared-weight network leaves open, each an entry of a path of integers. The network is
 * written once over them; it is interpreted with all choices at once (to declare its parameters), along a
 * known path (one child), or with gates that read the path while the step runs.
 */
export interface Choices<T> {
  /** State number `path[at]`. */
  pick(states: readonly T[], at: number): T;
  /**
   * Alternative number `path[at]` of x. Parameters whose names contain `.of<n>.` have n values, one for each
   * value of `path[row]`.
   */
  one(layers: Layers<T>, x: T, at: number, alternatives: readonly Alternative<T>[], row?: number): T;
  /** `sum`, and where `path[at]` is 1 also `term` of x. */
  plus(layers: Layers<T>, sum: T, x: T, at: number, term: Alternative<T>): T;
}

/** Everything is used, for declarations; shapes do not depend on the path. */
export const allChoices = <T>(): Choices<T> => ({
  pick: (states) => states[0] as T,
  one: (layers, x, _, alternatives) => alternatives.map((run) => run(layers, x))[0] as T,
  plus: (layers, sum, x, _, term) => layers.add([sum, term(layers, x)]),
});

/** One child. */
export const pathChoices = <T>(path: ArrayLike<number>): Choices<T> => {
  const chosen = <Item>(items: readonly Item[], at: number): Item => {
    const item = items[path[at] as number];
    if (item === undefined)
      throw new RangeError(`path entry ${at} is ${path[at]}, allowed: 0 to ${items.length - 1}`);
    return item;
  };
  return {
    pick: chosen,
    one: (layers, x, at, alternatives) => chosen(alternatives, at)(layers, x),
    plus: (layers, sum, x, at, term) => chosen([() => sum, () => layers.add([sum, term(layers, x)])], at)(),
  };
};

/** The variables that an alternative uses pass a gate together. */
export const choiceGrouping = (
  image: ImageShape,
  network: (layers: Layers<ImageShape>, x: ImageShape, choices: Choices<ImageShape>) => unknown,
): Grouping => {
  const groups = new Map<string, GroupName>();
  const note = (x: ImageShape, run: Alternative<ImageShape>): void => {
    const names = describeNetwork(x, run).declarations.map(({ name }) => name);
    for (const name of names) {
      const rows = valuesOf(name);
      groups.set(name, { group: `${names[0]}.${rows ?? 'all'}`, ...(rows !== undefined && { rows }) });
    }
  };
  const all = allChoices<ImageShape>();
  const noting: Choices<ImageShape> = {
    pick: (states, at) => all.pick(states, at),
    one: (layers, x, at, alternatives, row) => {
      for (const run of alternatives) note(x, run);
      return all.one(layers, x, at, alternatives, row);
    },
    plus: (layers, sum, x, at, term) => {
      note(x, term);
      return all.plus(layers, sum, x, at, term);
    },
  };
  describeNetwork(image, (layers, x) => network(layers, x, noting));
  return (name) => groups.get(name);
};

/** x for one branch; where another is chosen its gradient is zero, made only then. */
const gatedInput = (tf: Tf, gate: Gate, branch: number, x: Tensor): Tensor =>
  customOperation(tf, [x], {
    forward: ([value]) => [gate.parameter(branch, value as Tensor)],
    backward: ([dx], [value]) => [() => gate.gradient(branch, dx as Tensor, value as Tensor)],
  })[0] as Tensor;

/** n where a parameter has n values, of which a child uses one. */
export const valuesOf = (name: string): number | undefined => {
  const match = /\.of(\d+)\./.exec(name);
  return match === null ? undefined : Number(match[1]);
};

/**
 * Batch norm by the batch's statistics in training and in scoring alike: every child has statistics of its
 * own, so running averages over children would describe none of them. Nothing is therefore kept; the
 * placeholders are never read.
 */
const withoutStatistics = (tf: Tf, vars: Tensors): Tensors =>
  new Proxy(vars, {
    get: (_, name: string) => {
      const match = /^(.*)\.running_(mean|var|steps)$/.exec(name);
      if (match === null) return vars[name];
      const scale = vars[`${match[1]}.weight`];
      if (scale === undefined) return undefined;
      if (match[2] === 'steps') return tf.zeros([1]);
      return match[2] === 'mean' ? tf.zeros(scale.shape) : tf.ones(scale.shape);
    },
  });

/** Layers of a shared-weight network that keeps no running statistics. */
export const sharedLayers = (tf: Tf, vars: Tensors, trace: Trace, drop?: DropOptions): TensorLayers =>
  tensorLayers(tf, withoutStatistics(tf, vars), { kind: 'train', trace, ...(drop && { drop }) });

interface GatedChoices extends Choices<Tensor> {
  /**
   * New running statistics of what was chosen, and the old ones of what was not, by group; filled while the
   * network runs. None where the variables hold no running statistics.
   */
  readonly buffers: Tensors;
}

/**
 * Choices by the input `path`, int32 [n]: compiled, only what the path uses computes, forward and backward.
 * `layersOf` interprets a branch over its variables.
 */
export const gatedChoices = (
  tf: Tf,
  vars: Tensors,
  trace: Trace,
  path: Tensor,
  layersOf: (vars: Tensors) => TensorLayers,
  places: Places = separatePlaces(tf, vars, valuesOf),
): GatedChoices => {
  const entries = tf.unstack(path);
  const buffers: Record<string, Tensor> = {};
  const gateOf = (at: number, branches: number): Gate => trace.gate(entries[at] as Tensor, branches);
  /** The value of one branch, whose statistics move where it is chosen. */
  const inBranch = (
    gate: Gate,
    branch: number,
    run: Alternative<Tensor>,
    x: Tensor,
    row?: number,
  ): Tensor => {
    const own = gatedVariables(tf, gate, branch, places, row === undefined ? undefined : entries[row]);
    const layers = layersOf(own);
    const y = run(layers, x);
    for (const name of Object.keys(layers.buffers)) {
      const place = places(name);
      if (place === undefined) continue;
      const { group, layout, matrix } = place;
      buffers[group] ??= gate.state(branch, matrixOf(tf, layout, layers.buffers), matrix);
    }
    return y;
  };
  return {
    buffers,
    pick: (states, at) => {
      const gate = gateOf(at, states.length);
      return gate.merge(states.map((state, branch) => gatedInput(tf, gate, branch, state)));
    },
    one: (_, x, at, alternatives, row) => {
      const gate = gateOf(at, alternatives.length);
      const copies = gate.split(x);
      return gate.merge(
        alternatives.map((run, branch) => inBranch(gate, branch, run, copies[branch] as Tensor, row)),
      );
    },
    plus: (_, sum, x, at, term) => {
      const gate = gateOf(at, 2);
      const [without, copy] = gate.split(sum) as [Tensor, Tensor];
      return gate.merge([without, tf.add(copy, inBranch(gate, 1, term, gatedInput(tf, gate, 1, x)))]);
    },
  };
};
