import { z } from 'zod';
import { nasRlRnn } from '../../nas/space/nas-rl-rnn.ts';
import { compileGraph } from '../../nas/training/graph/compile.ts';
import { lossAndGradients } from '../../nas/training/graph/gradients.ts';
import type { Tensor, Tensors, Tf } from '../../nas/training/graph/tensor.ts';
import { mapValues } from '../../nas/training/graph/variable-groups.ts';
import { nasRlRnnNetwork } from '../../nas/training/networks/recurrent/nas-rl-rnn.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { difference, largest, withPrefix, type Check, type TensorFixture } from './fixture.ts';
import { isResult, toleranceOf } from './compare-all.ts';

const configSchema = z.object({
  input: z.number(),
  hidden: z.number(),
  trees: z.array(z.unknown()),
});

/** One layer of a cell: its kernels in the network, by their names in the fixture. */
const KERNELS = { kernel: 'rnns.0.kernel', recurrent_kernel: 'rnns.0.recurrent_kernel' } as const;

/** Trees of NAS-RL over a sequence: outputs, the memory that is left, and gradients of their products. */
export const checkNasRlRnn = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const { input, hidden, trees } = configSchema.parse(fixture.config);
  const params = withPrefix(fixture.tensors, 'param.');
  const given = withPrefix(fixture.tensors, 'input.');
  const variables = Object.fromEntries(
    Object.entries(KERNELS).map(([name, own]) => [own, params[name] as HostTensor]),
  );
  const actual: Record<string, HostTensor> = {};
  for (const [i, tree] of trees.entries()) {
    const network = nasRlRnnNetwork(nasRlRnn.validate(tree), { embedding: input, width: hidden, layers: 1 });
    const graph = await compileGraph(tf, {
      variables,
      functions: {
        pass: {
          inputs: mapValues(given, ({ shape, dtype }) => ({ shape, dtype })),
          body: (vars, inputs, trace) => {
            const x = inputs.x as Tensor;
            const { gradients, extra } = lossAndGradients(tf, trace, vars, () => {
              const { outputs, carried } = network.run({
                tf,
                trace,
                vars,
                x,
                length: tf.scalar(x.shape[0] as number, 'int32'),
                carried: { 'hidden.0.h': inputs.hidden as Tensor, 'hidden.0.c': inputs.cell as Tensor },
                masks: () => undefined,
                isTraining: true,
                inputs: {},
              });
              return {
                loss: tf.sum(tf.mul(outputs, inputs.cotangent as Tensor)),
                extra: { outputs, cell: carried['hidden.0.c'] as Tensor },
              };
            });
            const named = Object.entries(KERNELS).map(([name, own]) => [name, gradients[own] as Tensor]);
            return { outputs: { ...extra, ...(Object.fromEntries(named) as Tensors) } };
          },
        },
      },
    });
    const { outputs, cell, ...gradients } = graph.call('pass', given);
    graph.dispose();
    actual[`output.tree${i}.outputs`] = outputs as HostTensor;
    actual[`output.tree${i}.cell`] = cell as HostTensor;
    for (const [name, gradient] of Object.entries(gradients)) actual[`grad.tree${i}.${name}`] = gradient;
  }
  // Random trees multiply: outputs grow, and their rounding with them.
  return Object.entries(fixture.tensors)
    .filter(([name]) => isResult(name) && actual[name] !== undefined)
    .map(([name, expected]) => {
      const tolerance = toleranceOf(name);
      return {
        name,
        difference: difference(expected.data, (actual[name] as HostTensor).data),
        tolerance:
          typeof tolerance === 'number'
            ? tolerance * Math.max(1, largest(expected.data))
            : tolerance(expected.data),
      };
    });
};
