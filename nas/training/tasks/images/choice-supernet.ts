import type { Json } from '../../../core/json.ts';
import type { ProgramTask } from '../../../job/program-spec.ts';
import { chosenSpace, type SpaceChoice } from '../../../space/registry.ts';
import { deriveSeed } from '../../../core/random.ts';
import { countMultiplyAdds, countParameters } from '../../layers/counting.ts';
import { initialValues } from '../../layers/initial-values.ts';
import type { NetworkSetting } from '../../networks/network.ts';
import type { HostTensor } from '../../program.ts';
import { describeNetwork, type Declaration, type Description } from '../../layers/shape-layers.ts';
import {
  allChoices,
  choiceGrouping,
  gatedChoices,
  pathChoices,
  sharedLayers,
  valuesOf,
} from '../../supernets/enas-choices.ts';
import { sharedNetworkOf, supernetOf } from '../../supernets/registry.ts';
import type { ScoreStatistics } from '../../../space/definitions/definition.ts';
import type { SharedNetwork } from '../../supernets/shared-network.ts';
import { describePath, describeSupernet } from '../../supernets/supernet.ts';
import { tensorLayers, type DropOptions, type Mode, type TensorLayers } from '../../layers/tensor-layers.ts';
import type { Tensor, Tensors, Tf } from '../../graph/tensor.ts';
import type { Classifier, ForwardCall } from '../../networks/classifier.ts';
import type { ImageTypes } from '../../../task/images/image-classification.ts';
import { gatedSupernet, sharedClassifier, type SharedClassifier } from './gated-supernet.ts';
import type { ImageSource } from './image-data.ts';

/** Declarations of all weights, or of all running statistics. */
const declareShared = (
  shared: SharedNetwork,
  { image }: NetworkSetting,
  wanted: Declaration['role'],
): readonly Declaration[] =>
  describeNetwork(image, (layers, x) => shared.network(layers, x, allChoices()))
    .declarations.filter(({ role }) => role === wanted)
    .map((declaration) => {
      const values = valuesOf(declaration.name);
      return values === undefined ? declaration : { ...declaration, shape: [values, ...declaration.shape] };
    });

const describeOwn = (shared: SharedNetwork, { image }: NetworkSetting, genotype: Json): Description =>
  describeNetwork(image, (layers, x) => shared.network(layers, x, pathChoices(shared.encodePath(genotype))));

/** The children of a space over shapes. */
interface DescribedChildren {
  /** Number of the weights that they share. */
  readonly parameters: number;
  /** What one of them uses. */
  of(genotype: Json): Description;
}

/** @throws InvalidArchitectureError if they cannot be built at this size. */
export const describeChildren = (space: SpaceChoice, setting: NetworkSetting): DescribedChildren => {
  const shared = sharedNetworkOf(space, setting);
  if (shared !== undefined)
    return {
      parameters: countParameters({ declarations: declareShared(shared, setting, 'weight') }),
      of: (genotype) => describeOwn(shared, setting, genotype),
    };
  const supernet = supernetOf(space.name, setting);
  return {
    parameters: countParameters(describeSupernet(supernet)),
    of: (genotype) => describePath(supernet, supernet.encodePath(genotype)),
  };
};

/**
 * Shared weights as a classifier whose input `path` says which child runs. Children are scored by
 * `statistics`; a child's training moves the running statistics of what it uses.
 */
export const choiceClassifier = (
  tf: Tf,
  shared: SharedNetwork,
  setting: NetworkSetting,
  statistics: ScoreStatistics,
  seed: number,
): Classifier => {
  const keepsStatistics = statistics === 'running';
  /** `drop` in training, undefined while children are scored. */
  const forward = ({ vars, places, x, inputs, trace }: ForwardCall, drop?: DropOptions) => {
    const mode: Mode = drop === undefined ? { kind: 'evaluate' } : { kind: 'train', trace, drop };
    const layersOf = (own: Tensors): TensorLayers =>
      keepsStatistics ? tensorLayers(tf, own, mode) : sharedLayers(tf, own, trace, drop);
    const layers = layersOf(vars);
    const choices = gatedChoices(tf, vars, trace, inputs['path'] as Tensor, layersOf, places);
    const logits = tf.reshape(shared.network(layers, x, choices), [x.shape[0] as number, setting.classes]);
    return { logits, buffers: keepsStatistics ? layers.buffers : {}, gatedBuffers: choices.buffers };
  };
  return {
    weights: initialValues(declareShared(shared, setting, 'weight'), seed),
    buffers: keepsStatistics ? initialValues(declareShared(shared, setting, 'buffer'), seed) : {},
    grouping: choiceGrouping(setting.image, (layers, x, choices) => shared.network(layers, x, choices)),
    inputs: { path: { shape: [shared.pathLength], dtype: 'int32' } },
    train: (call) => forward(call, call.drop),
    evaluate: (call) => forward(call).logits,
  };
};

/**
 * The shared weights of a search, of which one call runs one child. Children are scored by `statistics`, or by
 * those that the authors of the space score them by.
 *
 * @throws InvalidArchitectureError if it cannot be built at this size.
 */
export const choiceSupernet = (
  tf: Tf,
  data: Pick<ImageSource, 'shape' | 'classes'>,
  spec: ProgramTask<ImageTypes>,
  statistics?: ScoreStatistics,
): SharedClassifier => {
  const setting: NetworkSetting = {
    size: spec.network,
    image: data.shape,
    classes: data.classes,
    auxiliary: false,
  };
  const shared = sharedNetworkOf(spec.space, setting);
  const seed = deriveSeed(spec.seed, 'weights');
  if (shared === undefined)
    return gatedSupernet(tf, supernetOf(spec.space.name, setting), seed, statistics ?? 'batch', spec.recipe);
  return {
    space: chosenSpace(spec.space),
    path: (genotype): HostTensor => ({
      dtype: 'int32',
      shape: [shared.pathLength],
      data: shared.encodePath(genotype),
    }),
    multiplyAdds: (genotype) => countMultiplyAdds(describeOwn(shared, setting, genotype)),
    ...sharedClassifier(
      tf,
      choiceClassifier(tf, shared, setting, statistics ?? shared.scoreStatistics, seed),
      spec.recipe,
    ),
  };
};
