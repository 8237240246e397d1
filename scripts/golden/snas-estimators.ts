import { lossAndGradients } from '../../nas/training/graph/gradients.ts';
import type { Tensor, Tensors, Tf } from '../../nas/training/graph/tensor.ts';
import type { Trace } from '../../nas/training/graph/trace.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { logResource } from '../../nas/training/programs/resource-term.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

/** Cells of each kind, by which the authors divide. */
const CELLS: Readonly<Record<string, number>> = { normal: 6, reduce: 2 };
/** Of size, multiply-adds and memory accesses in the linear form (SNAS/model_search.py:473). */
const LINEAR = [2 * 0.43, 0.43 / 4000, 0.43 / 100];

/** Of a kind of cell: expected costs of every cell and edge, [cells, measures, edges]. */
const expectedOf = (tf: Tf, { data, shape }: HostTensor, sample: Tensor): Tensor =>
  tf.sum(tf.mul(tf.tensor(data as Float32Array, [...shape]), sample), 3);

/** The linear form of every cell and edge, [cells, edges]. */
const linearOf = (tf: Tf, cost: HostTensor, sample: Tensor): Tensor =>
  tf.sum(tf.mul(expectedOf(tf, cost, sample), tf.tensor3d(LINEAR, [1, 3, 1])), 1);

/** A sum over kinds of cells, weighted as the authors weigh them. */
const overKinds = (
  tf: Tf,
  samples: Tensors,
  ratio: number,
  term: (kind: string, sample: Tensor) => Tensor,
): Tensor =>
  tf.addN(
    Object.entries(samples).map(([kind, sample]) => {
      const weight = (kind === 'reduce' ? ratio : 1) / (CELLS[kind] as number);
      return tf.mul(tf.sum(term(kind, sample)), weight);
    }),
  );

/** The resource term without logarithms. */
export const resourceOf = (tf: Tf, costs: HostTensors, samples: Tensors, ratio: number): Tensor =>
  overKinds(tf, samples, ratio, (kind, sample) => linearOf(tf, costs[kind] as HostTensor, sample));

/**
 * Floor of the samples and of powers of them in the logarithm of the density (SNAS/model_search.py:247–257).
 */
const FLOOR = 1e-4;

/** Logarithm of the concrete density of each edge, [edges]. */
const logDensity = (tf: Tf, logAlphas: Tensor, sample: Tensor, temperature: number): Tensor => {
  const operations = logAlphas.shape[1] as number;
  const z = tf.maximum(sample, FLOOR);
  const powers = tf.maximum(tf.mul(tf.pow(z, -temperature), tf.exp(logAlphas)), FLOOR);
  const constant = Math.log(5040) + (operations - 1) * Math.log(temperature);
  return tf.sub(
    tf.sub(tf.add(tf.sum(logAlphas, 1), constant), tf.mul(tf.sum(tf.log(z), 1), temperature + 1)),
    tf.mul(tf.log(tf.sum(powers, 1)), operations),
  );
};

export interface Estimated {
  readonly costs: HostTensors;
  readonly alphas: Tensors;
  sampled(): Tensors;
  readonly ratio: number;
  readonly temperature: number;
}

/**
 * The authors' two other estimators of the resource term, which searches here do not use: costs by the
 * softmax of the alphas (`discrete`), and sampled costs times the logarithm of the sample's density
 * (`policy_gradient`, costs held fixed).
 */
export const otherEstimators = (
  tf: Tf,
  trace: Trace,
  { costs, alphas, sampled, ratio, temperature }: Estimated,
): Tensors => {
  const softened = (): Tensors =>
    Object.fromEntries(Object.entries(alphas).map(([kind, alpha]) => [kind, tf.softmax(alpha)]));
  const samples = sampled();
  const densities = (): Tensors =>
    Object.fromEntries(
      Object.entries(alphas).map(([kind, alpha]) => [
        kind,
        logDensity(tf, alpha, sampled()[kind] as Tensor, temperature),
      ]),
    );
  const logOf = (kind: string): Tensor => {
    const expected = expectedOf(tf, costs[kind] as HostTensor, samples[kind] as Tensor);
    return tf.mean(tf.log(tf.maximum(expected, 1)), 1);
  };
  const weighted = (term: (kind: string) => Tensor): Tensor =>
    overKinds(tf, densities(), ratio, (kind, density) => tf.mul(term(kind), density));
  const discrete = lossAndGradients(tf, trace, alphas, () => ({
    loss: logResource(tf, costs, softened(), ratio),
    extra: {},
  }));
  const policy = lossAndGradients(tf, trace, alphas, () => ({ loss: weighted(logOf), extra: {} }));
  const gradients = (name: string, given: Tensors): [string, Tensor][] =>
    Object.entries(given).map(([kind, gradient]) => [`grad_${name}.alphas_${kind}`, gradient]);
  return {
    'output.discrete.log_resource': discrete.loss,
    'output.discrete.resource': resourceOf(tf, costs, softened(), ratio),
    'output.policy_gradient.log_resource': policy.loss,
    'output.policy_gradient.resource': weighted((kind) =>
      linearOf(tf, costs[kind] as HostTensor, samples[kind] as Tensor),
    ),
    ...Object.fromEntries([
      ...gradients('discrete', discrete.gradients),
      ...gradients('policy_gradient', policy.gradients),
    ]),
  };
};
