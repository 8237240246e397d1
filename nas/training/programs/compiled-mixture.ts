import type { ImageRecipe } from '../../task/images/recipe.ts';
import { randomFromSeed } from '../../core/random.ts';
import type { EdgeScores } from '../../space/derived-cell.ts';
import { compileGraph, type FunctionSpec } from '../graph/compile.ts';
import { lossAndGradients } from '../graph/gradients.ts';
import { imageClassification } from '../tasks/images/image-classification.ts';
import { targetOf, type Minibatch, type Objective, type Tally } from '../tasks/tensor-task.ts';
import { optimizerOf } from '../optimizers/from-recipe.ts';
import { DivergedError, type HostTensor } from '../program.ts';
import { mixtureSupernet } from '../supernets/mixture.ts';
import type { Supernet } from '../supernets/supernet.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import type { MixtureForward, MixtureStrategy } from './mixture-strategy.ts';
import { tallyOf } from './tally.ts';
import { group, mapValues, prefixed } from '../graph/variable-groups.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

/** Edge weights of each kind of cell: rows sum to one. */
export type Architecture = Readonly<Record<string, EdgeScores>>;

interface MixtureStepInputs {
  readonly training: Minibatch;
  readonly search?: Minibatch;
  readonly learningRate: number;
  /** The strategy's own inputs. */
  readonly inputs: HostTensors;
}

/** A mixture network with a strategy that moves its weights and alphas, compiled for one batch shape. */
interface CompiledMixture {
  /** One step. Throws `DivergedError`, leaving everything as it was, when the loss is not finite. */
  step(inputs: MixtureStepInputs): Tally;
  /** Forward with running statistics and the softmax of the alphas as edge weights. */
  evaluate(batch: Minibatch): Tally;
  /**
   * Gradient of a minibatch's loss, batch norm by the minibatch's statistics, at the alphas moved by
   * `distance` along a direction; both list the kinds of cell in the supernet's order, row by row. Only where
   * `diagnosed`.
   */
  alphaGradient(batch: Minibatch, direction: readonly number[], distance: number): number[];
  /** Softmax of the alphas. */
  architecture(): Architecture;
  read(): HostTensors;
  write(tensors: HostTensors): void;
  dispose(): void;
}

interface MixtureSpec {
  readonly supernet: Supernet;
  readonly recipe: ImageRecipe;
  /** Initial values of the network. */
  readonly network: { readonly weights: HostTensors; readonly buffers: HostTensors };
  /** Seed of the initial alphas. */
  readonly seed: number;
  /** Compile `alphaGradient` too. */
  readonly diagnosed?: boolean;
}

const initialAlphas = (
  { kinds, operations }: Supernet,
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

export const compileMixture = async (
  tf: Tf,
  strategy: MixtureStrategy,
  { supernet, recipe, network, seed, diagnosed = false }: MixtureSpec,
  shape: readonly [number, ...number[]],
  task: Objective = imageClassification,
): Promise<CompiledMixture> => {
  const [batchSize] = shape;
  const alphas = initialAlphas(supernet, strategy.initialAlphas, seed);
  const variables: HostTensors = {
    ...prefixed('weights', network.weights),
    ...prefixed('buffers', network.buffers),
    ...prefixed('alphas', alphas),
    ...prefixed('optimizer/weights', optimizerOf(recipe.optimizer).slots(network.weights)),
    ...prefixed('optimizer/alphas', strategy.alphaOptimizer.slots(alphas)),
  };
  const batch = {
    x: { shape, dtype: 'float32' },
    y: task.target(batchSize),
  } as const;

  const step: FunctionSpec = {
    inputs: {
      ...prefixed('training', batch),
      ...(strategy.plan.searchesOn && prefixed('search', batch)),
      ...prefixed('input', strategy.inputs),
      learningRate: { shape: [], dtype: 'float32' },
    },
    body: (vars, given, trace) => {
      const buffers = group('buffers', vars);
      const labelled = (which: string) => ({
        x: given[`${which}/x`] as Tensor,
        y: given[`${which}/y`] as Tensor,
      });
      const { loss, extra, weights, alphas, slots } = strategy.step({
        trace,
        weights: group('weights', vars),
        alphas: group('alphas', vars),
        slots: { weights: group('optimizer/weights', vars), alphas: group('optimizer/alphas', vars) },
        training: labelled('training'),
        ...(strategy.plan.searchesOn && { search: labelled('search') }),
        learningRate: given['learningRate'] as Tensor,
        inputs: group('input', given),
        forward: (weights, edges, { x, y }, drop): MixtureForward => {
          const outputs = mixtureSupernet(tf, supernet, { ...weights, ...buffers }, x, edges, {
            kind: 'train',
            trace,
            ...(drop && { drop }),
          });
          const loss = task.loss(tf, outputs.logits, y, recipe.labelSmoothing);
          const sums = prefixed('sums', task.sums(tf, outputs.logits, y));
          return { loss, extra: { main: loss, ...sums, ...prefixed('buffers', outputs.buffers) } };
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
        },
        commit: tf.isFinite(loss),
      };
    },
  };

  const evaluate: FunctionSpec = {
    inputs: batch,
    body: (vars, given) => {
      const network: Tensors = { ...group('weights', vars), ...group('buffers', vars) };
      const edges = mapValues(group('alphas', vars), (alphas) => tf.softmax(alphas));
      const { x, y } = given as { x: Tensor; y: Tensor };
      const { logits } = mixtureSupernet(tf, supernet, network, x, edges, { kind: 'evaluate' });
      const loss = tf.mul(task.loss(tf, logits, y, 0), batchSize);
      return { outputs: { loss, ...task.sums(tf, logits, y) } };
    },
  };

  const alphaGradient: FunctionSpec = {
    inputs: {
      ...batch,
      ...prefixed(
        'direction',
        mapValues(alphas, ({ shape }) => ({ shape, dtype: 'float32' }) as const),
      ),
      distance: { shape: [], dtype: 'float32' },
    },
    body: (vars, given, trace) => {
      const { x, y, distance } = given as { x: Tensor; y: Tensor; distance: Tensor };
      const network: Tensors = { ...group('weights', vars), ...group('buffers', vars) };
      const direction = group('direction', given);
      const moved = mapValues(group('alphas', vars), (alpha, kind) =>
        tf.add(alpha, tf.mul(direction[kind] as Tensor, distance)),
      );
      const { gradients } = lossAndGradients(tf, trace, moved, () => {
        const edges = mapValues(moved, (alpha) => tf.softmax(alpha));
        const { logits } = mixtureSupernet(tf, supernet, network, x, edges, { kind: 'train', trace });
        return { loss: task.loss(tf, logits, y, recipe.labelSmoothing), extra: {} };
      });
      return { outputs: gradients };
    },
  };

  const graph = await compileGraph(tf, {
    variables,
    functions: { step, evaluate, ...(diagnosed && { alphaGradient }) },
  });
  const hosted = (batch: Minibatch): { readonly x: HostTensor; readonly y: HostTensor } => ({
    x: { dtype: 'float32', shape, data: batch.x },
    y: targetOf(task, batch, batchSize),
  });
  const value = (outputs: HostTensors, name: string): number => outputs[name]?.data[0] as number;

  return {
    step: ({ training, search, learningRate, inputs }) => {
      const outputs = graph.call('step', {
        ...prefixed('training', hosted(training)),
        ...(search && prefixed('search', hosted(search))),
        ...prefixed('input', inputs),
        learningRate: scalar(learningRate),
      });
      const loss = value(outputs, 'loss');
      if (!Number.isFinite(loss))
        throw new DivergedError(
          `training loss is ${loss} at learning rate ${learningRate}; a lower optimizer.learningRate, gradient ` +
            `clipping (clipNorm) or warm-up epochs may help`,
        );
      return tallyOf(
        task,
        value(outputs, 'main') * training.valid,
        (name) => value(outputs, name),
        training.valid,
      );
    },
    evaluate: (batch) => {
      const outputs = graph.call('evaluate', hosted(batch));
      return tallyOf(task, value(outputs, 'loss'), (name) => value(outputs, name), batch.valid);
    },
    alphaGradient: (batch, direction, distance) => {
      let at = 0;
      const directions = mapValues(alphas, ({ shape, data }): HostTensor => {
        const values = Float32Array.from(direction.slice(at, (at += data.length)));
        return { dtype: 'float32', shape, data: values };
      });
      const gradients = graph.call('alphaGradient', {
        ...hosted(batch),
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
