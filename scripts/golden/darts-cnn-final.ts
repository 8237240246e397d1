import { z } from 'zod';
import { checkCellGenotype } from '../../nas/space/cell-genotype.ts';
import { compileGraph } from '../../nas/training/graph/compile.ts';
import { countParameters, parameterNames } from '../../nas/training/layers/counting.ts';
import { lossAndGradients } from '../../nas/training/graph/gradients.ts';
import { crossEntropy } from '../../nas/training/tasks/images/losses.ts';
import {
  describeFinalNetwork,
  evaluateFinalNetwork,
  trainFinalNetwork,
  type FinalNetworkSpec,
} from '../../nas/training/networks/darts-final.ts';
import type { Tensor, Tensors, Tf } from '../../nas/training/graph/tensor.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { compareAll } from './compare-all.ts';
import type { Check, TensorFixture } from './fixture.ts';
import { imagesFromNchw } from './layouts.ts';
import { fixtureVariables } from './variables.ts';

const edges = z.array(z.tuple([z.string(), z.number().int()]));
const configSchema = z.object({
  C: z.number().int(),
  layers: z.number().int(),
  auxiliary: z.boolean(),
  auxiliary_weight: z.number(),
  num_classes: z.number().int(),
  drop_path_prob: z.literal(0),
  param_count: z.number().int(),
  genotype: z.object({
    normal: edges,
    normal_concat: z.array(z.number().int()),
    reduce: edges,
    reduce_concat: z.array(z.number().int()),
  }),
});

/**
 * Final network: logits by stored statistics, one training forward with auxiliary loss, gradients, new
 * statistics.
 */
export const checkDartsCnnFinal = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const config = configSchema.parse(fixture.config);
  const images = imagesFromNchw(fixture.tensors['input.x'] as HostTensor);
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const { genotype } = config;
  const spec: FinalNetworkSpec = {
    genotype: checkCellGenotype({
      normal: genotype.normal,
      normalConcat: genotype.normal_concat,
      reduce: genotype.reduce,
      reduceConcat: genotype.reduce_concat,
    }),
    size: { channels: config.C, layers: config.layers, stem: 'cifar' },
    image: [height, width, channels],
    classes: config.num_classes,
    auxiliary: config.auxiliary,
  };
  const description = describeFinalNetwork(spec);
  const { weights } = parameterNames(description);
  const x = { shape: images.shape, dtype: 'float32' } as const;
  const y = { shape: [batch], dtype: 'int32' } as const;
  const graph = await compileGraph(tf, {
    variables: fixtureVariables(fixture, description.declarations),
    functions: {
      evaluate: {
        inputs: { x },
        body: (vars, inputs) => ({
          outputs: { logits: evaluateFinalNetwork(tf, spec, vars, inputs.x as Tensor) },
        }),
      },
      train: {
        inputs: { x, y },
        body: (vars, inputs, trace) => {
          const trained = Object.fromEntries(weights.map((name) => [name, vars[name] as Tensor]));
          const labels = inputs.y as Tensor;
          const { loss, gradients, extra } = lossAndGradients(tf, trace, trained, () => {
            const { logits, auxiliary, buffers } = trainFinalNetwork(
              tf,
              spec,
              vars,
              inputs.x as Tensor,
              trace,
            );
            const main = crossEntropy(tf, logits, labels);
            const aux = auxiliary && crossEntropy(tf, auxiliary, labels);
            const total = aux ? tf.add(main, tf.mul(aux, config.auxiliary_weight)) : main;
            const outputs: Tensors = {
              'output.train_logits': logits,
              'output.loss_main': main,
              ...(aux && { 'output.loss_aux': aux, 'output.train_logits_aux': auxiliary }),
            };
            const statistics = Object.entries(buffers).map(([name, tensor]) => [
              `output.after1.${name}`,
              tensor,
            ]);
            return { loss: total, extra: { ...outputs, ...(Object.fromEntries(statistics) as Tensors) } };
          });
          const named = Object.entries(gradients).map(([name, tensor]) => [`grad.${name}`, tensor]);
          return {
            outputs: { 'output.loss_total': loss, ...extra, ...(Object.fromEntries(named) as Tensors) },
          };
        },
      },
    },
  });
  try {
    const actual: Record<string, HostTensor> = {
      'output.eval_logits': graph.call('evaluate', { x: images }).logits as HostTensor,
      ...graph.call('train', { x: images, y: fixture.tensors['input.y'] as HostTensor }),
    };
    const parameters = countParameters(description);
    return [
      { name: 'parameters', difference: Math.abs(parameters - config.param_count), tolerance: 0 },
      ...compareAll(fixture, actual),
    ];
  } finally {
    graph.dispose();
  }
};
