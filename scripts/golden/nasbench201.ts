import { z } from 'zod';
import { nasBench201 } from '../../nas/space/nas-bench-201.ts';
import { compileGraph } from '../../nas/training/graph/compile.ts';
import { countMultiplyAdds, countParameters, parameterNames } from '../../nas/training/layers/counting.ts';
import { lossAndGradients } from '../../nas/training/graph/gradients.ts';
import { crossEntropy } from '../../nas/training/tasks/images/losses.ts';
import {
  describeNasBench201,
  runNasBench201,
  type NasBench201Spec,
} from '../../nas/training/networks/nas-bench-201.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import type { Tensor, Tensors, Tf } from '../../nas/training/graph/tensor.ts';
import { compareAll } from './compare-all.ts';
import type { Check, TensorFixture } from './fixture.ts';
import { imagesFromNchw } from './layouts.ts';
import { fixtureVariables } from './variables.ts';

const configSchema = z.object({
  C: z.number().int(),
  N: z.number().int(),
  num_classes: z.number().int(),
  arch: z.string(),
  param_count: z.number().int(),
});

/** NAS-Bench-201 network: features and logits by stored statistics, one training forward, all gradients. */
export const checkNasBench201 = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const config = configSchema.parse(fixture.config);
  const images = imagesFromNchw(fixture.tensors['input.x'] as HostTensor);
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const spec: NasBench201Spec = {
    genotype: nasBench201.parse(config.arch, 'arch'),
    channels: config.C,
    cellsPerStage: config.N,
    image: [height, width, channels],
    classes: config.num_classes,
  };
  const description = describeNasBench201(spec);
  const { weights } = parameterNames(description);
  const x = { shape: images.shape, dtype: 'float32' } as const;
  const graph = await compileGraph(tf, {
    variables: fixtureVariables(fixture, description.declarations),
    functions: {
      evaluate: {
        inputs: { x },
        body: (vars, inputs) => {
          const result = runNasBench201(tf, spec, vars, inputs.x as Tensor, { kind: 'evaluate' });
          return { outputs: { features: result.features, logits: result.logits } };
        },
      },
      train: {
        inputs: { x, y: { shape: [batch], dtype: 'int32' } },
        body: (vars, inputs, trace) => {
          const trained = Object.fromEntries(weights.map((name) => [name, vars[name] as Tensor]));
          const { loss, gradients, extra } = lossAndGradients(tf, trace, trained, () => {
            const { logits } = runNasBench201(tf, spec, vars, inputs.x as Tensor, { kind: 'train', trace });
            return { loss: crossEntropy(tf, logits, inputs.y as Tensor), extra: { logits } };
          });
          const named = Object.entries(gradients).map(([name, tensor]) => [`grad.${name}`, tensor]);
          return { outputs: { loss, logits: extra.logits, ...(Object.fromEntries(named) as Tensors) } };
        },
      },
    },
  });
  try {
    const evaluated = graph.call('evaluate', { x: images });
    const { loss, logits, ...gradients } = graph.call('train', {
      x: images,
      y: fixture.tensors['input.y'] as HostTensor,
    });
    const parameters = Math.abs(countParameters(description) - config.param_count);
    return [
      { name: 'parameters', difference: parameters, tolerance: 0 },
      ...compareAll(fixture, {
        'output.eval_features': evaluated.features as HostTensor,
        'output.eval_logits': evaluated.logits as HostTensor,
        'output.loss': loss as HostTensor,
        'output.train_logits': logits as HostTensor,
        ...gradients,
      }),
    ];
  } finally {
    graph.dispose();
  }
};

const counts = z.object({ params: z.number().int(), flops: z.number().int() });
const countsSchema = z.looseObject({
  C: z.number().int(),
  N: z.number().int(),
  archs: z.array(z.looseObject({ arch: z.string() })),
});

/** The benchmark's data sets, for counting. */
const DATASETS = {
  cifar10: { side: 32, classes: 10 },
  cifar100: { side: 32, classes: 100 },
  'ImageNet16-120': { side: 16, classes: 120 },
} as const;

/** Parameters and FLOPs, the latter as the benchmark counts them: multiply-adds and the last layer's bias. */
export const checkNasBench201Counts = (document: unknown): readonly Check[] => {
  const { C, N, archs } = countsSchema.parse(document);
  return archs.flatMap(({ arch, ...perDataset }) =>
    Object.entries(perDataset).flatMap(([name, value]) => {
      if (!Object.hasOwn(DATASETS, name)) throw new Error(`${arch}: unknown data set '${name}'`);
      const { side, classes } = DATASETS[name as keyof typeof DATASETS];
      const expected = counts.parse(value);
      const description = describeNasBench201({
        genotype: nasBench201.parse(arch, 'arch'),
        channels: C,
        cellsPerStage: N,
        image: [side, side, 3],
        classes,
      });
      const equal = (what: string, actual: number, stated: number): Check => ({
        name: `${arch} ${name} ${what} = ${stated}`,
        difference: Math.abs(actual - stated),
        tolerance: 0,
      });
      return [
        equal('params', countParameters(description), expected.params),
        equal('flops', countMultiplyAdds(description) + classes, expected.flops),
      ];
    }),
  );
};
