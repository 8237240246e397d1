import { compileGraph, type FunctionSpec } from '../../nas/training/graph/compile.ts';
import type { Tensor, Tf } from '../../nas/training/graph/tensor.ts';
import { group, prefixed } from '../../nas/training/graph/variable-groups.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { float64Graph } from './float64-graph.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;
type Doubles = Readonly<Record<string, Float64Array>>;

interface StepsOptions {
  /** Outputs `grad/<weight>`. */
  readonly gradients: FunctionSpec;
  readonly inputs: HostTensors;
  readonly variables: HostTensors;
  readonly weights: readonly string[];
  readonly weightDecay: number;
  readonly momentum: number;
  readonly learningRates: readonly number[];
}

/** A function of weights that have been moved by `high/<weight>` + `low/<weight>`. */
const moved = (
  tf: Tf,
  fn: FunctionSpec,
  variables: HostTensors,
  weights: readonly string[],
): FunctionSpec => {
  const shapes = Object.fromEntries(
    weights.map((name) => [
      name,
      { shape: (variables[name] as HostTensor).shape, dtype: 'float32' } as const,
    ]),
  );
  return {
    inputs: { ...fn.inputs, ...prefixed('high', shapes), ...prefixed('low', shapes) },
    body: (vars, inputs, trace) => {
      const [high, low] = [group('high', inputs), group('low', inputs)];
      const sums = weights.map((name): [string, Tensor] => [
        name,
        tf.add(tf.add(vars[name] as Tensor, high[name] as Tensor), low[name] as Tensor),
      ]);
      return fn.body({ ...vars, ...Object.fromEntries(sums) }, inputs, trace);
    },
  };
};

/**
 * Steps of Nesterov momentum in float64, gradients included: the weights after each. What a float32 step is
 * held against where rounding decides, since a ReLU of float32 may stand on its other side.
 */
export const float64Steps = async (
  tf: Tf,
  { gradients, inputs, variables, weights, weightDecay, momentum, learningRates }: StepsOptions,
): Promise<readonly HostTensors[]> => {
  const graph = await compileGraph(tf, {
    variables,
    functions: { gradients: moved(tf, gradients, variables, weights) },
    transform: float64Graph,
  });
  try {
    const start = (name: string): HostTensor => variables[name] as HostTensor;
    const zeros = (): Doubles =>
      Object.fromEntries(weights.map((name) => [name, new Float64Array(start(name).data.length)]));
    const [offsets, buffers] = [zeros(), zeros()];
    const part = (kind: 'high' | 'low'): Record<string, HostTensor> =>
      Object.fromEntries(
        weights.map((name): [string, HostTensor] => {
          const offset = offsets[name] as Float64Array;
          const data = Float32Array.from(offset, (value) =>
            kind === 'high' ? value : value - Math.fround(value),
          );
          return [name, { dtype: 'float32', shape: start(name).shape, data }];
        }),
      );
    return learningRates.map((rate) => {
      const outputs = graph.call('gradients', {
        ...inputs,
        ...prefixed('high', part('high')),
        ...prefixed('low', part('low')),
      });
      for (const name of weights) {
        const [offset, buffer] = [offsets[name] as Float64Array, buffers[name] as Float64Array];
        const [high, low] = [outputs[`grad/${name}`], outputs[`grad/${name}/low`]] as HostTensor[];
        offset.forEach((moved, i) => {
          const weight = (start(name).data[i] as number) + moved;
          const gradient = (high?.data[i] as number) + (low?.data[i] as number) + weightDecay * weight;
          const next = momentum * (buffer[i] as number) + gradient;
          buffer[i] = next;
          offset[i] = moved - rate * (gradient + momentum * next);
        });
      }
      return Object.fromEntries(
        weights.map((name): [string, HostTensor] => {
          const { shape, data } = start(name);
          const offset = offsets[name] as Float64Array;
          return [
            name,
            {
              dtype: 'float32',
              shape,
              data: Float32Array.from(data, (value, i) => value + (offset[i] as number)),
            },
          ];
        }),
      );
    });
  } finally {
    graph.dispose();
  }
};
