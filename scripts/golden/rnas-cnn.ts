import { z } from 'zod';
import { PRIMITIVES } from '../../nas/space/cell-genotype.ts';
import { EDGES } from '../../nas/space/darts-cnn.ts';
import { compileGraph, type CompiledGraph, type FunctionSpec } from '../../nas/training/graph/compile.ts';
import { countParameters, parameterNames } from '../../nas/training/layers/counting.ts';
import { lossAndGradients } from '../../nas/training/graph/gradients.ts';
import { crossEntropy } from '../../nas/training/tasks/images/losses.ts';
import { clipByGlobalNorm } from '../../nas/training/optimizers/clip.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { dartsSupernet } from '../../nas/training/supernets/darts-supernet.ts';
import { describeSupernet, type Supernet } from '../../nas/training/supernets/supernet.ts';
import { pathSupernet } from '../../nas/training/supernets/gated-path.ts';
import type { Tensor, Tensors, Tf } from '../../nas/training/graph/tensor.ts';
import { compareAll } from './compare-all.ts';
import {
  LOGITS_TOLERANCE,
  difference,
  gradientTolerance,
  largest,
  withPrefix,
  type Check,
  type TensorFixture,
} from './fixture.ts';
import { imagesFromNchw, toTorch } from './layouts.ts';
import { evaluate, forwardBackward } from './mixture-functions.ts';
import { fixtureVariables } from './variables.ts';

const configSchema = z.object({
  C: z.number().int(),
  layers: z.number().int(),
  num_classes: z.number().int(),
  archs: z.array(z.unknown()),
  primitives: z.array(z.string()),
  param_count: z.number().int(),
});

/** The same quantities along the gated path, which runs the chosen operations only. */
const alongPath = (
  tf: Tf,
  spec: Supernet,
  weights: readonly string[],
  images: readonly number[],
): FunctionSpec => ({
  inputs: {
    x: { shape: images, dtype: 'float32' },
    y: { shape: [images[0] as number], dtype: 'int32' },
    path: { shape: [2, EDGES], dtype: 'int32' },
  },
  body: (vars, inputs, trace) => {
    const trained = Object.fromEntries(weights.map((name) => [name, vars[name] as Tensor]));
    const path = inputs.path as Tensor;
    const { loss, gradients, extra } = lossAndGradients(tf, trace, trained, () => {
      const mode = { kind: 'train', trace } as const;
      const { logits } = pathSupernet(tf, spec, vars, inputs.x as Tensor, path, trace, mode);
      return { loss: crossEntropy(tf, logits, inputs.y as Tensor), extra: { logits } };
    });
    const evaluation = pathSupernet(tf, spec, vars, inputs.x as Tensor, path, trace, { kind: 'evaluate' });
    const named = Object.entries(gradients).map(([name, tensor]) => [`grad.${name}`, tensor]);
    return {
      outputs: {
        loss,
        logits: extra.logits,
        eval_logits: evaluation.logits,
        ...(Object.fromEntries(named) as Tensors),
      },
    };
  },
});

const gradientNorm = (tf: Tf, shapes: Readonly<Record<string, HostTensor>>): FunctionSpec => ({
  inputs: Object.fromEntries(
    Object.entries(shapes).map(([name, { shape }]) => [name, { shape, dtype: 'float32' }]),
  ),
  body: (_vars, inputs) => ({ outputs: { norm: clipByGlobalNorm(tf, inputs, 0).norm } }),
});

/** 0/1 weights as a path, or nothing if an edge has several operations. */
const pathOf = (normal: HostTensor, reduce: HostTensor): Int32Array | undefined => {
  const path = new Int32Array(2 * EDGES);
  for (const [cell, { data }] of [normal, reduce].entries())
    for (let i = 0; i < data.length; i++) {
      const at = cell * EDGES + Math.floor(i / PRIMITIVES.length);
      if (data[i] === 0) continue;
      if (path[at] !== 0) return undefined;
      path[at] = i % PRIMITIVES.length;
    }
  return path;
};

type HostTensors = Readonly<Record<string, HostTensor>>;

/** The gated path against the mixture with 0/1 weights. */
const compareGated = (
  arch: string,
  gated: HostTensors,
  mixture: HostTensors,
  evalLogits: HostTensor,
): readonly Check[] => {
  const pair = (name: string, actual: HostTensor, expected: HostTensor, tolerance: number): Check => ({
    name: `gated.${arch}.${name}`,
    difference: difference(actual.data, expected.data),
    tolerance,
  });
  const gradients = Object.keys(gated).filter((name) => name.startsWith('grad.'));
  const worst = gradients
    .map((name) => {
      const expected = mixture[name] as HostTensor;
      return pair(name, gated[name] as HostTensor, expected, gradientTolerance(expected.data));
    })
    .reduce((a, b) => (b.difference / b.tolerance > a.difference / a.tolerance ? b : a));
  return [
    pair('train_logits', gated.logits as HostTensor, mixture.logits as HostTensor, LOGITS_TOLERANCE),
    pair('loss', gated.loss as HostTensor, mixture.loss as HostTensor, LOGITS_TOLERANCE),
    pair('eval_logits', gated.eval_logits as HostTensor, evalLogits, LOGITS_TOLERANCE),
    { ...worst, name: `${worst.name} (worst of ${gradients.length} gradients)` },
  ];
};

/**
 * The architecture whose gradients the file's `grad.*` hold. They are stated to be those of architecture 0,
 * and the list of names is; but files exist whose values were overwritten in place by a later architecture's
 * backward pass.
 */
const gradientSource = (fixture: TensorFixture, byArch: readonly HostTensors[]): number => {
  const expected = Object.entries(withPrefix(fixture.tensors, 'grad.'));
  const distances = byArch.map((gradients) =>
    largest(
      expected.map(([name, tensor]) =>
        difference(toTorch(gradients[name] as HostTensor, tensor.shape).data, tensor.data),
      ),
    ),
  );
  return Math.max(0, distances.indexOf(Math.min(...distances)));
};

/**
 * Random search with weight sharing: the shared network under 0/1 weights, all operations running as in the
 * reference, and the same through the gated path.
 */
export const checkRnasCnn = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const config = configSchema.parse(fixture.config);
  if (config.primitives.join() !== PRIMITIVES.join())
    throw new Error(`primitives ${config.primitives.join()}: allowed: ${PRIMITIVES.join()}`);
  const x = imagesFromNchw(fixture.tensors['input.x'] as HostTensor);
  const y = fixture.tensors['input.y'] as HostTensor;
  const images = x.shape as [number, number, number, number];
  const spec = dartsSupernet({
    size: { channels: config.C, layers: config.layers, stem: 'cifar' },
    image: [images[1], images[2], images[3]],
    classes: config.num_classes,
  });
  const description = describeSupernet(spec);
  const { weights, buffers } = parameterNames(description);
  const variables = fixtureVariables(fixture, description.declarations);
  const same = (_tf: Tf, input: Tensor): Tensor => input;
  const graph: CompiledGraph = await compileGraph(tf, {
    variables,
    functions: {
      train: forwardBackward(tf, spec, weights, images, same),
      evaluate: evaluate(tf, spec, images, same),
      gated: alongPath(tf, spec, weights, images),
      norm: gradientNorm(
        tf,
        Object.fromEntries(weights.map((name) => [name, variables[name] as HostTensor])),
      ),
    },
  });
  try {
    const actual: Record<string, HostTensor> = {};
    const extra: Check[] = [];
    const gradientsByArch: HostTensors[] = [];
    config.archs.forEach((_, i) => {
      const alphas = withPrefix(fixture.tensors, `input.onehot${i}.`);
      const arch = `arch${i}`;
      const evalLogits = graph.call('evaluate', { x, ...alphas }).logits as HostTensor;
      const trained = graph.call('train', { x, y, ...alphas });
      const gradients = withPrefix(trained, 'grad.');
      const weightGradients = Object.fromEntries(
        weights.map((name) => [name, gradients[name] as HostTensor]),
      );
      gradientsByArch.push(weightGradients);
      actual[`output.${arch}.eval_logits`] = evalLogits;
      actual[`output.${arch}.train_logits`] = trained.logits as HostTensor;
      actual[`output.${arch}.loss`] = trained.loss as HostTensor;
      actual[`output.${arch}.grad_norm`] = graph.call('norm', weightGradients).norm as HostTensor;
      if (`output.${arch}.eval_logits_after_one_train_forward` in fixture.tensors) {
        graph.write(withPrefix(trained, 'after1.'));
        actual[`output.${arch}.eval_logits_after_one_train_forward`] = graph.call('evaluate', {
          x,
          ...alphas,
        }).logits as HostTensor;
        graph.write(Object.fromEntries(buffers.map((name) => [name, variables[name] as HostTensor])));
      }
      if (i === 0) {
        const unlisted = weights.filter((name) => !(`grad.${name}` in fixture.tensors));
        const sizes = unlisted.map((name) => largest((weightGradients[name] as HostTensor).data));
        extra.push({
          name: `grad.* of ${unlisted.length} unused weights are zero`,
          difference: largest(sizes),
          tolerance: 1e-6,
        });
      }
      const path = pathOf(alphas.alphas_normal as HostTensor, alphas.alphas_reduce as HostTensor);
      if (path !== undefined) {
        const tensor = { dtype: 'int32', shape: [2, EDGES], data: path } as const;
        extra.push(...compareGated(arch, graph.call('gated', { x, y, path: tensor }), trained, evalLogits));
      }
    });
    const source = gradientSource(fixture, gradientsByArch);
    for (const [name, gradient] of Object.entries(gradientsByArch[source] as HostTensors))
      actual[`grad.${name}`] = gradient;
    if (source !== 0)
      process.stdout.write(
        `note grad.*: the file lists weights of arch0, its values are those of arch${source}\n`,
      );
    const parameters = Math.abs(countParameters(description) - config.param_count);
    return [
      { name: 'parameters', difference: parameters, tolerance: 0 },
      ...compareAll(fixture, actual),
      ...extra,
    ];
  } finally {
    graph.dispose();
  }
};
