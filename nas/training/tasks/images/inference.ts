import { compileGraph } from '../../graph/compile.ts';
import { precisionTransform } from '../../graph/mixed-precision.ts';
import type { Recipe } from '../../../task/recipe.ts';
import type { HostTensor, Inference } from '../../program.ts';
import type { Tf } from '../../graph/tensor.ts';
import type { Classifier } from '../../networks/classifier.ts';
import { group } from '../../graph/variable-groups.ts';

/**
 * A network without inputs of its own, compiled for one example at a time.
 *
 * @param tensors as `CompiledClassifier.read` gives them; averages of weights count where the recipe has
 * them.
 * @param example its shape: height, width, channels of an image.
 */
export const compileInference = async (
  tf: Tf,
  classifier: Classifier,
  { emaDecay, precision }: Pick<Recipe, 'emaDecay' | 'precision'>,
  tensors: Readonly<Record<string, HostTensor>>,
  example: readonly number[],
): Promise<Inference> => {
  const shape = [1, ...example];
  const graph = await compileGraph(tf, {
    variables: { ...group(emaDecay > 0 ? 'average' : 'weights', tensors), ...group('buffers', tensors) },
    functions: {
      infer: {
        inputs: { x: { shape, dtype: 'float32' } },
        body: (vars, inputs, trace) => {
          const { x } = inputs as Required<typeof inputs>;
          return { outputs: { logits: classifier.evaluate({ trace, vars, x: x!, inputs: {} }) } };
        },
      },
    },
    ...precisionTransform(tf, precision),
  });
  return {
    values: shape.reduce((product, size) => product * size, 1),
    logits: (data) =>
      graph.call('infer', { x: { dtype: 'float32', shape, data } })['logits']?.data as Float32Array,
    dispose: () => graph.dispose(),
  };
};
