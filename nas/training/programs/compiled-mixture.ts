import type { Recipe } from '../../task/recipe.ts';
import { randomFromSeed } from '../../core/random.ts';
import type { EdgeScores } from '../../space/derived-cell.ts';
import { compileGraph, type FunctionSpec } from '../graph/compile.ts';
import { lossAndGradients } from '../graph/gradients.ts';
import { optimizerOf } from '../optimizers/from-recipe.ts';
import type { FeedShapes, Minibatch, MinibatchShape } from '../tasks/feed.ts';
import type { Mixture, Objective, Tally } from '../tasks/tensor-task.ts';
import type { HostTensor } from '../program.ts';
import { toTensor, type Tensor, type Tensors, type Tf } from '../graph/tensor.ts';
import { carriedOn, carriedOver, functionNames, refuseDivergence } from './compiled-model.ts';
import type { MixtureBatch, MixtureForward, MixtureStrategy } from './mixture-strategy.ts';
import { tallyOf } from './tally.ts';
import { group, mapValues, prefixed } from '../graph/variable-groups.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

/** Edge weights of each kind of cell: rows sum to one. */
export type Architecture = Readonly<Record<string, EdgeScores>>;

interface MixtureStepInputs {
  readonly training: Minibatch;
  readonly search?: Minibatch;
  readonly learningRate: number;
  /** Two 32-bit integers that determine the masks of a step; needed where the mixture drops values. */
  readonly seed?: readonly [number, number];
  /** The strategy's own inputs. */
  readonly inputs: HostTensors;
}

/** What a mixture is fed with. */
export interface MixtureFeeds {
  readonly training: FeedShapes;
  /** Of the alphas' own minibatches, where the strategy takes any. */
  readonly search?: FeedShapes;
  readonly evaluation: FeedShapes;
  /** Compile `alphaGradient` for its minibatches. */
  readonly diagnosis?: FeedShapes;
}

/** A mixture network with a strategy that moves its weights and alphas, compiled for the feeds of a program. */
interface CompiledMixture {
  /** One step. Throws `DivergedError`, leaving everything as it was, when the loss is not finite. */
  step(inputs: MixtureStepInputs): Tally;
  /** Forward with running statistics and the softmax of the alphas as edge weights. */
  evaluate(batch: Minibatch): Tally;
  /**
   * Gradient of a minibatch's loss, batch norm by the minibatch's statistics, at the alphas moved by
   * `distance` along a direction; both list the kinds of cell in the mixture's order, row by row. Only where
   * there is a feed for it.
   */
  alphaGradient(batch: Minibatch, direction: readonly number[], distance: number): number[];
  /** Softmax of the alphas. */
  architecture(): Architecture;
  read(): HostTensors;
  write(tensors: HostTensors): void;
  dispose(): void;
}

interface MixtureSpec {
  readonly mixture: Mixture;
  readonly recipe: Recipe;
  /** Seed of the initial alphas. */
  readonly seed: number;
}

const initialAlphas = (
  { kinds, operations }: Mixture,
  { mean, deviation }: MixtureStrategy['initialAlphas'],
  seed: number,
): HostTensors => {
  const random = randomFromSeed(seed);
  const alphas = (edges: number): HostTensor => ({
    dtype: 'float32',
    shape: [edges, operations.length],
    data: Float32Array.from({ length: edges * operations.length }, () => mean + deviation * random.normal()),
  });
  return Object.fromEntries(Object.entries(kinds).map(([kind, edges]) => [kind, alphas(edges)]));
};

/** Softmax of each row. */
const softmaxRows = ({ data, shape }: HostTensor): EdgeScores => {
  const [rows, columns] = shape as [number, number];
  return Array.from({ length: rows }, (_, row) => {
    const values = Array.from(data.subarray(row * columns, (row + 1) * columns));
    const most = Math.max(...values);
    const powers = values.map((value) => Math.exp(value - most));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  });
};

const scalar = (value: number): HostTensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

/** How far the draws of the search minibatch are from those of the training minibatch. */
const SEARCH_DRAWS = 2 ** 20;

export const compileMixture = async (
  tf: Tf,
  strategy: MixtureStrategy,
  { mixture, recipe, seed }: MixtureSpec,
  feeds: MixtureFeeds,
  task: Objective,
): Promise<CompiledMixture> => {
  const { model } = mixture;
  const { training, search, evaluation, diagnosis } = feeds;
  const alphas = initialAlphas(mixture, strategy.initialAlphas, seed);
  const variables: HostTensors = {
    ...prefixed('weights', model.weights),
    ...prefixed('buffers', model.buffers),
    ...prefixed('alphas', alphas),
    ...prefixed('optimizer/weights', optimizerOf(recipe.optimizer).slots(model.weights)),
    ...prefixed('optimizer/alphas', strategy.alphaOptimizer.slots(alphas)),
    ...carriedOver(model, training),
    ...(search && carriedOver(model, search)),
    ...carriedOver(model, evaluation),
  };

  const stepName = (trained: string, searched?: string): string =>
    ['step', trained, ...(searched === undefined ? [] : [searched])].join('/');
  const step = (trained: MinibatchShape, searched: MinibatchShape | undefined): FunctionSpec => ({
    inputs: {
      ...prefixed('training', trained),
      ...(searched && prefixed('search', searched)),
      ...prefixed('input', strategy.inputs),
      learningRate: { shape: [], dtype: 'float32' },
      ...(mixture.drops && { seed: { shape: [2], dtype: 'int32' } }),
    },
    body: (vars, given, trace) => {
      const buffers = group('buffers', vars);
      const { seed } = given;
      const batchOf = (which: string, feed: FeedShapes, draws: number): MixtureBatch => ({
        tensors: group(which, given),
        carried: group(`carried/${feed.name}`, vars),
        ...(seed && { seed: tf.add(seed, tf.tensor1d([draws, 0], 'int32')) }),
      });
      const {
        loss,
        extra,
        searched: lastSearch,
        weights,
        alphas,
        slots,
      } = strategy.step({
        trace,
        weights: group('weights', vars),
        alphas: group('alphas', vars),
        slots: { weights: group('optimizer/weights', vars), alphas: group('optimizer/alphas', vars) },
        training: batchOf('training', training, 0),
        ...(search && { search: batchOf('search', search, SEARCH_DRAWS) }),
        learningRate: given['learningRate'] as Tensor,
        inputs: group('input', given),
        forward: (weights, edges, { tensors, carried, seed: masks }, drop): MixtureForward => {
          const pass = model.train({
            trace,
            vars: { ...weights, ...buffers },
            batch: tensors,
            carried,
            inputs: prefixed('edges', edges),
            scheduled: drop?.dropPath === undefined ? {} : { dropPath: drop.dropPath },
            ...((drop ?? masks) && { seed: drop?.seed ?? masks }),
          });
          return {
            loss: pass.loss,
            extra: {
              main: pass.main,
              ...prefixed('sums', pass.sums),
              ...prefixed('buffers', pass.buffers),
              ...prefixed('carried', pass.carried ?? {}),
            },
          };
        },
      });
      return {
        outputs: { loss, main: extra['main'] as Tensor, ...group('sums', extra) },
        updates: {
          ...prefixed('weights', weights),
          ...prefixed('alphas', alphas),
          ...prefixed('optimizer/weights', slots.weights),
          ...prefixed('optimizer/alphas', slots.alphas),
          ...prefixed('buffers', group('buffers', extra)),
          ...carriedOn(training, group('carried', extra)),
          ...(search && lastSearch && carriedOn(search, group('carried', lastSearch))),
        },
        commit: tf.isFinite(loss),
      };
    },
  });
  const steps = Object.entries(training.shapes).flatMap(([trained, shape]): [string, FunctionSpec][] =>
    search === undefined
      ? [[stepName(trained), step(shape, undefined)]]
      : Object.entries(search.shapes).map(([searched, other]) => [
          stepName(trained, searched),
          step(shape, other),
        ]),
  );

  const networkOf = (vars: Tensors): Tensors => ({ ...group('weights', vars), ...group('buffers', vars) });
  const evaluate = (feed: FeedShapes, shape: MinibatchShape): FunctionSpec => ({
    inputs: shape,
    body: (vars, batch, trace) => {
      const edges = mapValues(group('alphas', vars), (alphas) => tf.softmax(alphas));
      const { loss, sums, carried } = model.evaluate({
        trace,
        vars: networkOf(vars),
        batch,
        carried: group(`carried/${feed.name}`, vars),
        inputs: prefixed('edges', edges),
      });
      return { outputs: { loss, ...sums }, updates: carriedOn(feed, carried) };
    },
  });

  const alphaGradient = (feed: FeedShapes, shape: MinibatchShape): FunctionSpec => ({
    inputs: {
      ...prefixed('batch', shape),
      ...prefixed(
        'direction',
        mapValues(alphas, ({ shape }) => ({ shape, dtype: 'float32' }) as const),
      ),
      distance: { shape: [], dtype: 'float32' },
    },
    body: (vars, given, trace) => {
      const distance = given['distance'] as Tensor;
      const direction = group('direction', given);
      const moved = mapValues(group('alphas', vars), (alpha, kind) =>
        tf.add(alpha, tf.mul(direction[kind] as Tensor, distance)),
      );
      const { gradients } = lossAndGradients(tf, trace, moved, () => {
        const edges = mapValues(moved, (alpha) => tf.softmax(alpha));
        const { main } = model.train({
          trace,
          vars: networkOf(vars),
          batch: group('batch', given),
          // A measurement stands by itself.
          carried: mapValues(model.carried?.(feed) ?? {}, (initial) => toTensor(tf, initial)),
          inputs: prefixed('edges', edges),
          scheduled: {},
        });
        return { loss: main, extra: {} };
      });
      return { outputs: gradients };
    },
  });

  const names = {
    evaluate: functionNames(model, 'evaluate'),
    alphaGradient: functionNames(model, 'alpha-gradient'),
  };
  const graph = await compileGraph(tf, {
    variables,
    functions: {
      ...Object.fromEntries(steps),
      ...names.evaluate.all([evaluation], evaluate),
      ...(diagnosis && names.alphaGradient.all([diagnosis], alphaGradient)),
    },
  });
  const value = (outputs: HostTensors, name: string): number => outputs[name]?.data[0] as number;

  return {
    step: ({ training: trained, search: searched, learningRate, seed, inputs }) => {
      const outputs = graph.call(stepName(trained.shape, searched?.shape), {
        ...prefixed('training', trained.tensors),
        ...(searched && prefixed('search', searched.tensors)),
        ...prefixed('input', inputs),
        learningRate: scalar(learningRate),
        ...(mixture.drops && {
          seed: { dtype: 'int32', shape: [2], data: Int32Array.from(seed as readonly number[]) },
        }),
      });
      refuseDivergence(value(outputs, 'loss'), learningRate);
      const main = value(outputs, 'main') * trained.valid;
      return tallyOf(task, main, (name) => value(outputs, name), trained.valid);
    },
    evaluate: (batch) => {
      const outputs = graph.call(names.evaluate.of(evaluation, batch.shape), batch.tensors);
      return tallyOf(task, value(outputs, 'loss'), (name) => value(outputs, name), batch.valid);
    },
    alphaGradient: (batch, direction, distance) => {
      if (diagnosis === undefined) throw new TypeError('no minibatches were compiled for a diagnosis');
      let at = 0;
      const directions = mapValues(alphas, ({ shape, data }): HostTensor => {
        const values = Float32Array.from(direction.slice(at, (at += data.length)));
        return { dtype: 'float32', shape, data: values };
      });
      const gradients = graph.call(names.alphaGradient.of(diagnosis, batch.shape), {
        ...prefixed('batch', batch.tensors),
        ...prefixed('direction', directions),
        distance: scalar(distance),
      });
      return Object.keys(alphas).flatMap((kind) => Array.from(gradients[kind]?.data ?? []));
    },
    architecture: () => {
      const read = graph.read(Object.keys(alphas).map((kind) => `alphas/${kind}`));
      return mapValues(alphas, (_, kind) => softmaxRows(read[`alphas/${kind}`] as HostTensor));
    },
    read: () => graph.read(),
    write: (tensors) => graph.write(tensors),
    dispose: () => graph.dispose(),
  };
};
