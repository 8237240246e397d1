import type { ImageNetworkSize } from '../../task/images/recipe.ts';
import { countMultiplyAdds, countParameters, parameterNames } from '../layers/counting.ts';
import { initialValues } from '../layers/initial-values.ts';
import type { ImageShape, Layers } from '../layers/layers.ts';
import type { Classifier } from './classifier.ts';
import { splitVariables } from './split-variables.ts';
import type { HostTensor } from '../program.ts';
import { describeNetwork, type Description } from '../layers/shape-layers.ts';
import { tensorLayers, type DropOptions } from '../layers/tensor-layers.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import type { Trace } from '../graph/trace.ts';

/** What an architecture is built for. */
export interface NetworkSetting {
  readonly size: ImageNetworkSize;
  readonly image: ImageShape;
  readonly classes: number;
  /** With the auxiliary classifier, where the network has one; it computes in training only. */
  readonly auxiliary: boolean;
}

/** An image classifier as one function of layers: logits as features [1, 1, classes]. */
export type Network = <T>(layers: Layers<T>, x: T) => { readonly logits: T; readonly auxiliary?: T };

/**
 * One architecture at any size. Throws `InvalidArchitectureError`, here or while the network runs over
 * shapes, where it cannot be built.
 */
export type BuildNetwork = (setting: NetworkSetting) => Network;

/**
 * Everything that training declares, with the costs of inference, which has no auxiliary head.
 *
 * @throws InvalidArchitectureError if the network cannot be built at this size.
 */
export const describeClassifier = (build: BuildNetwork, setting: NetworkSetting): Description => {
  const whole = describeNetwork(setting.image, build(setting));
  if (!setting.auxiliary) return whole;
  const { multiplyAdds } = describeNetwork(setting.image, build({ ...setting, auxiliary: false }));
  return { ...whole, multiplyAdds };
};

/** Initial variables by name, in TensorFlow's layouts. */
export const classifierVariables = (
  build: BuildNetwork,
  setting: NetworkSetting,
  seed: number,
): Record<string, HostTensor> => initialValues(describeClassifier(build, setting).declarations, seed);

const flat = (tf: Tf, logits: Tensor): Tensor =>
  tf.reshape(logits, [logits.shape[0] as number, logits.shape[3] as number]);

/** Logits [B, classes] in training mode, with batch norm's new running statistics by variable name. */
export const trainClassifier = (
  tf: Tf,
  network: Network,
  vars: Tensors,
  x: Tensor,
  trace: Trace,
  drop?: DropOptions,
): { readonly logits: Tensor; readonly auxiliary?: Tensor; readonly buffers: Record<string, Tensor> } => {
  const layers = tensorLayers(tf, vars, { kind: 'train', trace, ...(drop && { drop }) });
  const { logits, auxiliary } = network(layers, x);
  return {
    logits: flat(tf, logits),
    ...(auxiliary !== undefined && { auxiliary: flat(tf, auxiliary) }),
    buffers: layers.buffers,
  };
};

/** Logits [B, classes] by the stored running statistics; `network` is built without an auxiliary head. */
export const evaluateClassifier = (tf: Tf, network: Network, vars: Tensors, x: Tensor): Tensor =>
  flat(tf, network(tensorLayers(tf, vars, { kind: 'evaluate' }), x).logits);

/**
 * A network to be trained, with what it costs without its auxiliary head (quark0/darts f276dd3,
 * `cnn/utils.py:82–83`).
 */
interface BuiltClassifier {
  readonly classifier: Classifier;
  /** Trained weights. */
  readonly parameters: number;
  /** Of one image, forward. */
  readonly multiplyAdds: number;
  /** Of one image in training, the auxiliary head included. */
  readonly activationBytes: number;
}

/**
 * The two pure functions of a network that training programs compile, and its initial values.
 *
 * @throws InvalidArchitectureError if the network cannot be built at this size.
 */
export const buildClassifier = (
  tf: Tf,
  build: BuildNetwork,
  setting: NetworkSetting,
  seed: number,
): BuiltClassifier => {
  const plain = { ...setting, auxiliary: false };
  const [training, inference] = [build(setting), build(plain)];
  const published = describeClassifier(build, plain);
  return {
    parameters: countParameters(published),
    multiplyAdds: countMultiplyAdds(published),
    activationBytes: describeClassifier(build, setting).activationBytes,
    classifier: {
      ...splitVariables(
        classifierVariables(build, setting, seed),
        parameterNames(describeClassifier(build, setting)),
      ),
      inputs: {},
      train: ({ trace, vars, x, drop }) => trainClassifier(tf, training, vars, x, trace, drop),
      evaluate: ({ vars, x }) => evaluateClassifier(tf, inference, vars, x),
    },
  };
};
