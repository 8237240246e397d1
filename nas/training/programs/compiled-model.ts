import { sha256 } from '../../core/hash.ts';
import type { Recipe } from '../../task/recipe.ts';
import { compileGraph, type CompiledGraph } from '../graph/compile.ts';
import { lossAndGradients } from '../graph/gradients.ts';
import { clipByGlobalNorm } from '../optimizers/clip.ts';
import { optimizerOf } from '../optimizers/from-recipe.ts';
import type { FeedShapes, Minibatch, MinibatchShape } from '../tasks/feed.ts';
import type { ForwardCall, Model } from '../tasks/model.ts';
import type { Objective, Tally } from '../tasks/tensor-task.ts';
import { matrixOf, packingOf, placesOf, unpacked } from '../graph/packing.ts';
import { precisionTransform } from '../graph/mixed-precision.ts';
import { DivergedError, type HostTensor } from '../program.ts';
import type { FunctionSpec } from '../graph/record.ts';
import type { StepPlace } from '../graph/scheduled.ts';
import { toHost, toTensor, type Tensors, type Tf } from '../graph/tensor.ts';
import { packFamilies, slotFamilies, unpackFamilies, type Family } from '../graph/packed-variables.ts';
import { tallyOf } from './tally.ts';
import { group, mapValues, prefixed } from '../graph/variable-groups.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

export interface StepSettings {
  readonly learningRate: number;
  /** Two 32-bit integers that determine every mask of the step. */
  readonly seed: readonly [number, number];
  readonly place: StepPlace;
}

/** A model with its optimiser, compiled for the feeds of a program. */
export interface CompiledModel {
  /**
   * One optimiser step. Throws `DivergedError`, leaving everything as it was, when the loss is not finite.
   */
  train(feed: FeedShapes, batch: Minibatch, settings: StepSettings, inputs?: HostTensors): Tally;
  /** Forward with running statistics, with averaged weights where the recipe has them. */
  evaluate(feed: FeedShapes, batch: Minibatch, inputs?: HostTensors): Tally;
  /** Lets the optimiser change its slots after an epoch, by the validation losses of all epochs so far. */
  turn(validationLosses: readonly number[]): void;
  /** Copies of weights, buffers, optimiser slots, averages, and what passes carry on. */
  read(): HostTensors;
  /** The network that is evaluated, averaged where the recipe has it so: weights and buffers by their names. */
  network(): HostTensors;
  /** Sets all that `read` gives. */
  write(tensors: HostTensors): void;
  dispose(): void;
}

const scalar = (value: number): HostTensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

/** The variables by which a model's passes over a feed carry on what they do, and their names. */
export const carriedOver = (model: Pick<Model, 'carried'>, feed: FeedShapes): HostTensors =>
  prefixed(`carried/${feed.name}`, model.carried?.(feed) ?? {});

/** What a pass over a feed leaves in these variables. */
export const carriedOn = ({ name }: FeedShapes, carried: Tensors = {}): Tensors =>
  prefixed(`carried/${name}`, carried);

/** Throws where a step cannot go on. */
export const refuseDivergence = (loss: number, learningRate: number): void => {
  if (!Number.isFinite(loss))
    throw new DivergedError(
      `training loss is ${loss} at learning rate ${learningRate}; a lower optimizer.learningRate, gradient ` +
        `clipping (clipNorm) or warm-up epochs may help`,
    );
};

/** Names of compiled functions: one for each feed and shape, the same where nothing tells two apart. */
export const functionNames = (
  model: Pick<Model, 'carried'>,
  prefix: string,
): {
  readonly of: (feed: FeedShapes, shape: string) => string;
  readonly all: (
    feeds: readonly FeedShapes[],
    specOf: (feed: FeedShapes, shape: MinibatchShape) => FunctionSpec,
  ) => Record<string, FunctionSpec>;
} => {
  const of = ({ name, shapes }: FeedShapes, shape: string): string => {
    const tensors = Object.entries(shapes[shape] ?? {}).map(
      ([tensor, spec]) => `${tensor}.${spec.shape.join('x')}`,
    );
    return [prefix, ...(model.carried === undefined ? [] : [name]), ...tensors].join('/');
  };
  return {
    of,
    all: (feeds, specOf) =>
      Object.fromEntries(
        feeds.flatMap((feed) =>
          Object.entries(feed.shapes).map(([name, shape]) => [of(feed, name), specOf(feed, shape)]),
        ),
      ),
  };
};

/**
 * Compiles a model's training and evaluation steps for the minibatches of some feeds.
 *
 * Gradients of the model's loss are clipped by their global norm and given to the recipe's optimiser. Averages
 * of weights follow Polyak & Juditsky 1992 as TensorFlow's moving averages of trainable variables: buffers are
 * not averaged.
 */
export const compileModel = async (
  tf: Tf,
  model: Model,
  recipe: Recipe,
  feeds: { readonly train: readonly FeedShapes[]; readonly evaluate: readonly FeedShapes[] },
  task: Objective,
): Promise<CompiledModel> => {
  const { emaDecay, clipNorm } = recipe;
  const optimizer = optimizerOf(recipe.optimizer);
  const packing = {
    weights: packingOf(model.weights, model.grouping),
    buffers: packingOf(model.buffers, model.grouping),
  };
  const initial = packing.weights.pack(model.weights);
  const slots = optimizer.slots(initial);
  const variables: HostTensors = {
    ...prefixed('weights', initial),
    ...prefixed('buffers', packing.buffers.pack(model.buffers)),
    ...prefixed('optimizer', slots),
    ...(emaDecay > 0 && prefixed('average', initial)),
    ...Object.assign({}, ...[...feeds.train, ...feeds.evaluate].map((feed) => carriedOver(model, feed))),
  };
  const families: readonly Family[] = [
    { packing: packing.weights, named: (name) => `weights/${name}` },
    { packing: packing.buffers, named: (name) => `buffers/${name}` },
    ...(emaDecay > 0 ? [{ packing: packing.weights, named: (name: string) => `average/${name}` }] : []),
    ...slotFamilies(packing.weights, slots),
  ];
  /** Variables in the form in which a model reads them, with the weights as they are packed. */
  const given = (vars: Tensors, weights: Tensors): Pick<ForwardCall, 'vars' | 'places'> => {
    const buffers = group('buffers', vars);
    return {
      vars: { ...unpacked(tf, packing.weights, weights), ...unpacked(tf, packing.buffers, buffers) },
      places: placesOf(
        { packing: packing.weights, matrices: weights },
        { packing: packing.buffers, matrices: buffers },
      ),
    };
  };
  const scheduled = model.scheduled?.inputs ?? {};
  const passing = (feed: FeedShapes, vars: Tensors, inputs: Tensors) => ({
    batch: group('batch', inputs),
    carried: group(`carried/${feed.name}`, vars),
    inputs: group('input', inputs),
  });

  const train = (feed: FeedShapes, shape: MinibatchShape): FunctionSpec => ({
    inputs: {
      ...prefixed('batch', shape),
      ...prefixed('input', model.inputs),
      learningRate: { shape: [], dtype: 'float32' },
      ...prefixed('scheduled', scheduled),
      seed: { shape: [2], dtype: 'int32' },
    },
    body: (vars, inputs, trace) => {
      const weights = group('weights', vars);
      const { seed, learningRate } = inputs as Required<typeof inputs>;
      const { loss, gradients, extra } = lossAndGradients(tf, trace, weights, () => {
        const pass = model.train({
          trace,
          ...given(vars, weights),
          ...passing(feed, vars, inputs),
          scheduled: group('scheduled', inputs),
          seed: seed!,
        });
        const buffers = Object.entries(packing.buffers.groups).map(([name, layout]) => [
          name,
          pass.gatedBuffers?.[name] ?? matrixOf(tf, layout, pass.buffers),
        ]);
        return {
          loss: pass.loss,
          extra: {
            main: pass.main,
            ...prefixed('sums', pass.sums),
            ...prefixed('buffers', Object.fromEntries(buffers) as Tensors),
            ...prefixed('carried', pass.carried ?? {}),
          },
        };
      });
      const clipped = clipByGlobalNorm(tf, gradients, clipNorm);
      const moved = optimizer.update(tf, {
        params: weights,
        gradients: clipped.gradients,
        slots: group('optimizer', vars),
        learningRate: learningRate!,
      });
      const averages = Object.entries(group('average', vars)).map(([name, average]) => [
        name,
        tf.add(tf.mul(average, emaDecay), tf.mul(moved.params[name]!, 1 - emaDecay)),
      ]);
      const { main } = extra as Tensors;
      return {
        outputs: { loss, main: main!, ...group('sums', extra) },
        updates: {
          ...prefixed('weights', moved.params),
          ...prefixed('optimizer', moved.slots),
          ...prefixed('buffers', group('buffers', extra)),
          ...prefixed('average', Object.fromEntries(averages) as Tensors),
          ...carriedOn(feed, group('carried', extra)),
        },
        commit: tf.isFinite(loss),
      };
    },
  });

  /** The weights that are evaluated. */
  const evaluated = (vars: Tensors): Tensors => {
    if (emaDecay > 0) return group('average', vars);
    const weights = group('weights', vars);
    return optimizer.evaluated?.(tf, weights, group('optimizer', vars)) ?? weights;
  };
  const evaluate = (feed: FeedShapes, shape: MinibatchShape): FunctionSpec => ({
    inputs: { ...prefixed('batch', shape), ...prefixed('input', model.inputs) },
    body: (vars, inputs, trace) => {
      const { loss, sums, carried } = model.evaluate({
        trace,
        ...given(vars, evaluated(vars)),
        ...passing(feed, vars, inputs),
      });
      return { outputs: { loss, ...sums }, updates: carriedOn(feed, carried) };
    },
  });

  const names = { train: functionNames(model, 'train'), evaluate: functionNames(model, 'evaluate') };
  const graph: CompiledGraph = await compileGraph(tf, {
    variables,
    functions: { ...names.train.all(feeds.train, train), ...names.evaluate.all(feeds.evaluate, evaluate) },
    ...precisionTransform(tf, recipe.precision),
  });
  const value = (outputs: HostTensors, name: string): number => outputs[name]?.data[0] as number;

  return {
    train: (feed, batch, { learningRate, seed, place }, inputs = {}) => {
      const outputs = graph.call(names.train.of(feed, batch.shape), {
        ...prefixed('batch', batch.tensors),
        ...prefixed('input', inputs),
        learningRate: scalar(learningRate),
        ...prefixed('scheduled', model.scheduled?.at(place) ?? {}),
        seed: { dtype: 'int32', shape: [2], data: Int32Array.from(seed) },
      });
      refuseDivergence(value(outputs, 'loss'), learningRate);
      return tallyOf(task, value(outputs, 'main') * batch.valid, (name) => value(outputs, name), batch.valid);
    },
    evaluate: (feed, batch, inputs = {}) => {
      const outputs = graph.call(names.evaluate.of(feed, batch.shape), {
        ...prefixed('batch', batch.tensors),
        ...prefixed('input', inputs),
      });
      return tallyOf(task, value(outputs, 'loss'), (name) => value(outputs, name), batch.valid);
    },
    turn: (validationLosses) => {
      const turned = optimizer.turned?.(validationLosses);
      if (turned !== undefined) graph.write(prefixed('optimizer', turned));
    },
    read: () => unpackFamilies(families, graph.read()),
    network: () => {
      const held = graph.read();
      let weights: HostTensors = {};
      tf.tidy(() => {
        weights = mapValues(evaluated(mapValues(held, (tensor) => toTensor(tf, tensor))), toHost);
      });
      return { ...packing.weights.unpack(weights), ...packing.buffers.unpack(group('buffers', held)) };
    },
    write: (tensors) => graph.write(packFamilies(families, tensors)),
    dispose: () => graph.dispose(),
  };
};

/** Variables that are no part of a trained network: the optimiser's, and what passes carry on. */
const PASSING = /^(optimizer|carried)\//;

/** SHA-256 of the tensors that make up a trained network: weights, buffers and averages. */
export const hashWeights = (tensors: HostTensors): string =>
  sha256(
    Object.keys(tensors)
      .filter((name) => !PASSING.test(name))
      .sort()
      .map((name) => {
        const { dtype, shape, data } = tensors[name] as HostTensor;
        const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
        return `${name} ${dtype} [${shape.join()}] ${sha256(bytes)}\n`;
      })
      .join(''),
  );
