import type { CompiledGraph } from '../../nas/training/graph/compile.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import type { Differentiate, SupernetConfig } from './supernet-config.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

interface Options {
  readonly graph: CompiledGraph;
  readonly config: SupernetConfig;
  readonly params: HostTensors;
  /** Weights after the unrolled step, with momentum. */
  readonly unrolled: HostTensors;
  /** Gradients of the training loss at `params`. */
  readonly gradients: HostTensors;
  readonly differentiate: Differentiate;
}

const addScaled = (
  tensors: HostTensors,
  direction: HostTensors,
  factor: number,
): Record<string, HostTensor> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      const along = (direction[name] as HostTensor).data;
      const data = Float32Array.from(tensor.data, (value, i) => value + factor * (along[i] as number));
      return [name, { ...tensor, data }];
    }),
  );

const ARCHITECTURE = ['alphas_normal', 'alphas_reduce'] as const;

/**
 * DARTS' second-order architecture gradient by its finite-difference approximation (Liu et al. 2019, eq.
 * 7–8): ∇α Lval(w′) − η (∇α Ltrain(w⁺) − ∇α Ltrain(w⁻)) / 2ε with w± = w ± ε v, v = ∇w Lval(w′), ε = R / ‖v‖.
 * Leaves the graph's weights as they were.
 */
const unrolledGradient = (
  { graph, config, params, differentiate }: Options,
  unrolled: HostTensors,
): { readonly valid: HostTensors; readonly gradients: Record<string, HostTensor> } => {
  graph.write(unrolled);
  const valid = differentiate('valid');
  const v = Object.fromEntries(
    Object.keys(params).map((name) => [name, valid[`grad.${name}`] as HostTensor]),
  );
  const norm = Math.sqrt(
    Object.values(v).reduce(
      (sum, { data }) => Array.from(data).reduce((s, value) => s + value * value, sum),
      0,
    ),
  );
  const radius = config.fd_radius / norm;
  graph.write(addScaled(params, v, radius));
  const plus = differentiate('train');
  graph.write(addScaled(params, v, -radius));
  const minus = differentiate('train');
  graph.write(params);
  const gradients = ARCHITECTURE.map((name) => {
    const direct = valid[`grad.${name}`] as HostTensor;
    const above = (plus[`grad.${name}`] as HostTensor).data;
    const below = (minus[`grad.${name}`] as HostTensor).data;
    const data = Float32Array.from(
      direct.data,
      (value, i) => value - (config.eta * ((above[i] as number) - (below[i] as number))) / (2 * radius),
    );
    return [name, { ...direct, data }] as const;
  });
  return { valid, gradients: Object.fromEntries(gradients) };
};

/**
 * The finite-difference second-order quantities of a `darts-cnn-supernet` fixture, by their names in it, and
 * what differentiating the validation loss at the unrolled weights gave.
 */
export const secondOrder = (
  options: Options,
): { readonly results: Record<string, HostTensor>; readonly valid: HostTensors } => {
  const { config, params, gradients, unrolled } = options;
  const withMomentum = unrolledGradient(options, unrolled);
  const decayed = addScaled(gradients, params, config.weight_decay);
  const withoutMomentum = unrolledGradient(options, addScaled(params, decayed, -config.eta));
  const result: Record<string, HostTensor> = {
    'output.unrolled_loss': withMomentum.valid.loss as HostTensor,
  };
  for (const name of ARCHITECTURE) {
    result[`output.unrolled_grad_fd64.${name}`] = withMomentum.gradients[name] as HostTensor;
    result[`output.unrolled_grad_nomomentum.${name}`] = withoutMomentum.gradients[name] as HostTensor;
  }
  return { results: result, valid: withMomentum.valid };
};
