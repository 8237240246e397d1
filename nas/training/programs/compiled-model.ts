import { sha256 } from '../../core/hash.ts';
import type { ImageRecipe } from '../../task/images/recipe.ts';
import { compileGraph, type CompiledGraph } from '../graph/compile.ts';
import { lossAndGradients } from '../graph/gradients.ts';
import { clipByGlobalNorm } from '../optimizers/clip.ts';
import { optimizerOf } from '../optimizers/from-recipe.ts';
import { imageClassification } from '../tasks/images/image-classification.ts';
import { targetOf, type Minibatch, type Objective, type Tally } from '../tasks/tensor-task.ts';
import { matrixOf, packingOf, placesOf, unpacked } from '../graph/packing.ts';
import { precisionTransform } from '../graph/mixed-precision.ts';
import { DivergedError, type HostTensor } from '../program.ts';
import type { FunctionSpec } from '../graph/record.ts';
import type { Tensors, Tf } from '../graph/tensor.ts';
import type { Classifier } from '../networks/classifier.ts';
import { packFamilies, slotFamilies, unpackFamilies, type Family } from '../graph/packed-variables.ts';
import { tallyOf } from './tally.ts';
import { group, prefixed } from '../graph/variable-groups.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

export interface StepSettings {
  readonly learningRate: number;
  /** Drop-path probability in [0, 1). */
  readonly dropPath: number;
  /** Two 32-bit integers that determine every mask of the step. */
  readonly seed: readonly [number, number];
}

/** A classifier with its optimiser, compiled for one batch shape. */
export interface CompiledClassifier {
  /**
   * One optimiser step. Throws `DivergedError`, leaving everything as it was, when the loss is not finite.
   */
  train(batch: Minibatch, settings: StepSettings, inputs?: HostTensors): Tally;
  /** Forward with running statistics, with averaged weights where the recipe has them. */
  evaluate(batch: Minibatch, inputs?: HostTensors): Tally;
  /** Copies of weights, buffers, optimiser slots and averages. */
  read(): HostTensors;
  /** Sets all that `read` gives. */
  write(tensors: HostTensors): void;
  dispose(): void;
}

const scalar = (value: number): HostTensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

/**
 * Compiles a network's training and evaluation steps for batches of `shape`, [B, H, W, C] of images.
 *
 * The training loss is the task's mean over the batch, with the recipe's label smoothing, plus
 * `auxiliaryWeight` times that of the auxiliary head; gradients are clipped by their global norm and given to
 * the recipe's optimiser. Averages of weights follow Polyak & Juditsky 1992 as TensorFlow's moving averages
 * of trainable variables: buffers are not averaged.
 */
export const compileClassifier = async (
  tf: Tf,
  classifier: Classifier,
  recipe: ImageRecipe,
  shape: readonly [number, ...number[]],
  task: Objective = imageClassification,
): Promise<CompiledClassifier> => {
  const [batchSize] = shape;
  const { emaDecay, labelSmoothing, auxiliaryWeight, clipNorm } = recipe;
  const optimizer = optimizerOf(recipe.optimizer);
  const packing = {
    weights: packingOf(classifier.weights, classifier.grouping),
    buffers: packingOf(classifier.buffers, classifier.grouping),
  };
  const initial = packing.weights.pack(classifier.weights);
  const slots = optimizer.slots(initial);
  const variables: HostTensors = {
    ...prefixed('weights', initial),
    ...prefixed('buffers', packing.buffers.pack(classifier.buffers)),
    ...prefixed('optimizer', slots),
    ...(emaDecay > 0 && prefixed('average', initial)),
  };
  const families: readonly Family[] = [
    { packing: packing.weights, named: (name) => `weights/${name}` },
    { packing: packing.buffers, named: (name) => `buffers/${name}` },
    ...(emaDecay > 0 ? [{ packing: packing.weights, named: (name: string) => `average/${name}` }] : []),
    ...slotFamilies(packing.weights, slots),
  ];
  /** Variables in the form in which a classifier reads them. */
  const given = (vars: Tensors, which: 'weights' | 'average') => {
    const weights = group(which, vars);
    const buffers = group('buffers', vars);
    return {
      vars: { ...unpacked(tf, packing.weights, weights), ...unpacked(tf, packing.buffers, buffers) },
      places: placesOf(
        { packing: packing.weights, matrices: weights },
        { packing: packing.buffers, matrices: buffers },
      ),
    };
  };
  const data = {
    x: { shape, dtype: 'float32' },
    y: task.target(batchSize),
    ...prefixed('input', classifier.inputs),
  } as const;

  const train: FunctionSpec = {
    inputs: {
      ...data,
      learningRate: { shape: [], dtype: 'float32' },
      dropPath: { shape: [], dtype: 'float32' },
      seed: { shape: [2], dtype: 'int32' },
    },
    body: (vars, inputs, trace) => {
      const weights = group('weights', vars);
      const { x, y, seed, dropPath, learningRate } = inputs as Required<typeof inputs>;
      const { loss, gradients, extra } = lossAndGradients(tf, trace, weights, () => {
        const outputs = classifier.train({
          trace,
          ...given(vars, 'weights'),
          x: x!,
          inputs: group('input', inputs),
          drop: {
            seed: seed!,
            ...(recipe.dropPath > 0 && { dropPath: dropPath! }),
            ...(recipe.dropout > 0 && { dropout: tf.scalar(recipe.dropout) }),
          },
        });
        const main = task.loss(tf, outputs.logits, y!, labelSmoothing);
        const total = outputs.auxiliary
          ? tf.add(main, tf.mul(task.loss(tf, outputs.auxiliary, y!, labelSmoothing), auxiliaryWeight))
          : main;
        const sums = task.sums(tf, outputs.logits, y!);
        const buffers = Object.entries(packing.buffers.groups).map(([name, layout]) => [
          name,
          outputs.gatedBuffers?.[name] ?? matrixOf(tf, layout, outputs.buffers),
        ]);
        return {
          loss: total,
          extra: {
            main,
            ...prefixed('sums', sums),
            ...prefixed('buffers', Object.fromEntries(buffers) as Tensors),
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
      const { main } = extra;
      return {
        outputs: { loss, main: main!, ...group('sums', extra) },
        updates: {
          ...prefixed('weights', moved.params),
          ...prefixed('optimizer', moved.slots),
          ...prefixed('buffers', group('buffers', extra)),
          ...prefixed('average', Object.fromEntries(averages) as Tensors),
        },
        commit: tf.isFinite(loss),
      };
    },
  };

  const evaluate: FunctionSpec = {
    inputs: data,
    body: (vars, inputs, trace) => {
      const { x, y } = inputs as Required<typeof inputs>;
      const logits = classifier.evaluate({
        trace,
        ...given(vars, emaDecay > 0 ? 'average' : 'weights'),
        x: x!,
        inputs: group('input', inputs),
      });
      const loss = tf.mul(task.loss(tf, logits, y!, 0), batchSize);
      return { outputs: { loss, ...task.sums(tf, logits, y!) } };
    },
  };

  const graph: CompiledGraph = await compileGraph(tf, {
    variables,
    functions: { train, evaluate },
    ...precisionTransform(tf, recipe.precision),
  });
  const examples = (batch: Minibatch) => ({
    x: { dtype: 'float32', shape, data: batch.x } as const,
    y: targetOf(task, batch, batchSize),
  });
  const value = (outputs: HostTensors, name: string): number => outputs[name]?.data[0] as number;

  return {
    train: (batch, settings, inputs = {}) => {
      const outputs = graph.call('train', {
        ...examples(batch),
        ...prefixed('input', inputs),
        learningRate: scalar(settings.learningRate),
        dropPath: scalar(settings.dropPath),
        seed: { dtype: 'int32', shape: [2], data: Int32Array.from(settings.seed) },
      });
      const loss = value(outputs, 'loss');
      if (!Number.isFinite(loss))
        throw new DivergedError(
          `training loss is ${loss} at learning rate ${settings.learningRate}; a lower optimizer.learningRate, gradient ` +
            `clipping (clipNorm) or warm-up epochs may help`,
        );
      return tallyOf(task, value(outputs, 'main') * batch.valid, (name) => value(outputs, name), batch.valid);
    },
    evaluate: (batch, inputs = {}) => {
      const outputs = graph.call('evaluate', {
        ...examples(batch),
        ...prefixed('input', inputs),
      });
      return tallyOf(task, value(outputs, 'loss'), (name) => value(outputs, name), batch.valid);
    },
    read: () => unpackFamilies(families, graph.read()),
    write: (tensors) => graph.write(packFamilies(families, tensors)),
    dispose: () => graph.dispose(),
  };
};

/**
 * SHA-256 of the tensors that make up a trained network: weights, buffers and averages, not the optimiser's.
 */
export const hashWeights = (tensors: HostTensors): string =>
  sha256(
    Object.keys(tensors)
      .filter((name) => !name.startsWith('optimizer/'))
      .sort()
      .map((name) => {
        const { dtype, shape, data } = tensors[name] as HostTensor;
        const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
        return `${name} ${dtype} [${shape.join()}] ${sha256(bytes)}\n`;
      })
      .join(''),
  );
