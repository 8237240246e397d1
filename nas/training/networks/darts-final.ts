import type { CellEdge, CellGenotype } from '../../space/cell-genotype.ts';
import type { Layers } from '../layers/layers.ts';
import { OPERATIONS, factorizedReduce, reluConvBatchNorm } from '../layers/operations.ts';
import type { HostTensor } from '../program.ts';
import type { Description } from '../layers/shape-layers.ts';
import type { DropOptions } from '../layers/tensor-layers.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import type { Trace } from '../graph/trace.ts';
import type { CellPlan } from './cell-plan.ts';
import {
  classifierVariables,
  describeClassifier,
  evaluateClassifier,
  trainClassifier,
  type BuildNetwork,
  type NetworkSetting,
} from './network.ts';
import { stackedCells } from './stacked-cells.ts';

/**
 * A network of stacked copies of two cells, trained from scratch (Liu et al. 2019, §3.1 and appendix A.2).
 */
export interface FinalNetworkSpec extends NetworkSetting {
  readonly genotype: CellGenotype;
}

const AFFINE = true;

const cell = <T>(layers: Layers<T>, genotype: CellGenotype, plan: CellPlan, s0: T, s1: T): T => {
  const { reduction, channels, name } = plan;
  const preprocess0 = plan.previousReduced ? factorizedReduce : reluConvBatchNorm;
  const states = [
    preprocess0(layers, s0, `${name}.preprocess0`, channels, AFFINE),
    reluConvBatchNorm(layers, s1, `${name}.preprocess1`, channels, AFFINE),
  ];
  const edges = reduction ? genotype.reduce : genotype.normal;
  const branch = ([operation, input]: CellEdge, index: number): T => {
    const stride = reduction && input < 2 ? 2 : 1;
    const y = OPERATIONS[operation](layers, states[input] as T, `${name}._ops.${index}`, stride, AFFINE);
    return operation === 'skip_connect' && stride === 1 ? y : layers.dropPath(y);
  };
  for (let i = 0; i + 1 < edges.length; i += 2)
    states.push(layers.add([branch(edges[i] as CellEdge, i), branch(edges[i + 1] as CellEdge, i + 1)]));
  const concat = reduction ? genotype.reduceConcat : genotype.normalConcat;
  return layers.concat(concat.map((state) => states[state] as T));
};

/**
 * The network of a pair of cells at any size.
 *
 * @throws InvalidArchitectureError for an odd number of channels, which a reduction cannot split.
 */
export const dartsNetwork = (genotype: CellGenotype): BuildNetwork =>
  stackedCells((layers, plan, s0, s1) => cell(layers, genotype, plan, s0, s1));

/**
 * Parameters and multiply-adds (the latter without the auxiliary head, which inference does not run).
 *
 * @throws InvalidArchitectureError if the network cannot be built at this size.
 */
export const describeFinalNetwork = (spec: FinalNetworkSpec): Description =>
  describeClassifier(dartsNetwork(spec.genotype), spec);

/** Initial variables of the network by their published names, in TensorFlow's layouts. */
export const finalNetworkVariables = (spec: FinalNetworkSpec, seed: number): Record<string, HostTensor> =>
  classifierVariables(dartsNetwork(spec.genotype), spec, seed);

/** Logits [B, classes] in training mode, with batch norm's new running statistics by variable name. */
export const trainFinalNetwork = (
  tf: Tf,
  spec: FinalNetworkSpec,
  vars: Tensors,
  x: Tensor,
  trace: Trace,
  drop?: DropOptions,
): ReturnType<typeof trainClassifier> =>
  trainClassifier(tf, dartsNetwork(spec.genotype)(spec), vars, x, trace, drop);

/** Logits [B, classes] by the stored running statistics. */
export const evaluateFinalNetwork = (tf: Tf, spec: FinalNetworkSpec, vars: Tensors, x: Tensor): Tensor =>
  evaluateClassifier(tf, dartsNetwork(spec.genotype)({ ...spec, auxiliary: false }), vars, x);
