import { z } from 'zod';
import { compileGraph } from '../../nas/training/graph/compile.ts';
import { lossAndGradients } from '../../nas/training/graph/gradients.ts';
import type { Tensor, Tensors, Tf } from '../../nas/training/graph/tensor.ts';
import { BATCH_NORM_EPSILON, batchNormTraining } from '../../nas/training/layers/batch-norm.ts';
import { conv2d } from '../../nas/training/layers/convolution.ts';
import { relu } from '../../nas/training/layers/relu.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { smashHypernet } from '../../nas/training/supernets/smash-hypernet.ts';
import { crossEntropy } from '../../nas/training/tasks/images/losses.ts';
import { compareAll, SAME_LAYOUT } from './compare-all.ts';
import { compare, tensorOf, withPrefix, type Check, type TensorFixture } from './fixture.ts';
import { fromTorch, imagesFromNchw, permute, toTorch } from './layouts.ts';
import { architectureSchema, authorsEncoding, operationsOf, type Operation } from './smash-encoding.ts';

const count = z.number().int();
const configSchema = z.object({
  architecture: architectureSchema,
  N: count,
  N_max: count,
  banks: count,
  bottleneck: count,
  max_bottleneck: count,
  max_dilate: count,
  max_kernel_now: count,
  factors: z.array(count).readonly(),
  in_channels: z.array(count).readonly(),
  hypernet_growth: z.array(count).readonly(),
  hypernet_layers: z.array(count).readonly(),
  batchnorm: z.literal(false),
  var_op: z.literal(true),
});
type Config = z.infer<typeof configSchema>;

const SAME = { strides: [1, 1], padding: [0, 0] } as const;
const HYPERNET = /^hyperconv\.(\d+)\./;

/** Divided by its Euclidean norm. */
const normalised = (tf: Tf, w: Tensor): Tensor => tf.div(w, tf.norm(w));

/** [taps of the dilated window, taps of the bank]: where the centre of a filter bank lies once dilated. */
const placement = (tf: Tf, bank: number, kernel: number, dilation: number): Tensor => {
  const length = (kernel - 1) * dilation + 1;
  const data = new Float32Array(length * bank);
  for (let tap = 0; tap < kernel; tap++) data[tap * dilation * bank + (bank - kernel) / 2 + tap] = 1;
  return tf.tensor(data, [length, bank]);
};

/** Of a filter bank [K, K, I, O] the centre, dilated by zeros, for `inputs` and `filters` channels. */
const dilatedCentre = (
  tf: Tf,
  bank: Tensor,
  [kernel, dilation]: readonly [kernel: readonly [number, number], dilation: readonly [number, number]],
  [inputs, filters]: readonly [number, number],
): Tensor => {
  const size = bank.shape[0] as number;
  const cut = tf.slice(bank, [0, 0, 0, 0], [size, size, inputs, filters]);
  const along = (w: Tensor, axis: 0 | 1): Tensor => {
    const first = axis === 0 ? w : tf.transpose(w, [1, 0, 2, 3]);
    const [from, ...rest] = first.shape as [number, ...number[]];
    const place = placement(tf, size, kernel[axis], dilation[axis]);
    const placed = tf.matMul(place as never, tf.reshape(first, [from, -1]) as never) as Tensor;
    const back = tf.reshape(placed, [place.shape[0] as number, ...rest]);
    return axis === 0 ? back : tf.transpose(back, [1, 0, 2, 3]);
  };
  return along(along(cut, 0), 1);
};

/** One of an operation's four convolutions; every group reads the first rows of the bank (`layers.py:91–103`). */
const convolution = (tf: Tf, x: Tensor, bank: Tensor, op: Operation, slot: number, width: number): Tensor => {
  const groups = op.groups[slot] as number;
  const inputs = (x.shape[3] as number) / groups;
  const filters = width / groups;
  const [kernel, dilation] = [op.kernels[slot], op.dilations[slot]] as [[number, number], [number, number]];
  const filter = dilatedCentre(tf, bank, [kernel, dilation], [inputs, width]);
  const padding = [0, 1].map((axis) => ((filter.shape[axis] as number) - 1) / 2) as [number, number];
  const h = relu(tf, x);
  const parts = Array.from({ length: groups }, (_, g) =>
    conv2d(
      tf,
      tf.slice(h, [0, 0, 0, g * inputs], [-1, -1, -1, inputs]),
      tf.slice(filter, [0, 0, 0, g * filters], [-1, -1, -1, filters]),
      { strides: [1, 1], padding },
    ),
  );
  return groups === 1 ? (parts[0] as Tensor) : tf.concat(parts, 3);
};

/** The two branches (`layers.py:200–280`, without gates). */
const branches = (tf: Tf, x: Tensor, vars: Tensors, op: Operation, width: number): Tensor => {
  const conv = (y: Tensor, slot: number): Tensor =>
    op.active[slot] === 1
      ? convolution(tf, y, vars[`W.${op.block}.op.${slot}.conv.weight`] as Tensor, op, slot, width)
      : y;
  const first = conv(conv(x, 0), 1);
  return op.active[2] === 1 ? tf.add(first, conv(conv(x, 2), 3)) : first;
};

/** Batch norm by the minibatch's statistics and ReLU, for as many channels as there are. */
const normRelu = (tf: Tf, x: Tensor, vars: Tensors, name: string): Tensor => {
  const of = (part: string): Tensor =>
    tf.slice(vars[`${name}.${part}`] as Tensor, [0], [x.shape[3] as number]);
  const { y } = batchNormTraining(tf, x, {
    scale: of('weight'),
    offset: of('bias'),
    runningMean: of('running_mean'),
    runningVariance: of('running_var'),
    epsilon: BATCH_NORM_EPSILON,
  });
  return relu(tf, y);
};

/** SMASH's main network with generated 1×1 filters, `SMASH.py:887–1000`. */
const mainNetwork = (
  tf: Tf,
  config: Config,
  operations: readonly Operation[],
  vars: Tensors,
  w1x1: Tensor,
  x: Tensor,
): Tensor => {
  const { N: unit, N_max: widest, bottleneck, max_bottleneck: most, in_channels: inputs } = config;
  let out = relu(tf, conv2d(tf, x, vars['conv1.weight'] as Tensor, { strides: [1, 1], padding: [3, 3] }));
  let row = 0;
  for (const [block, bank] of config.architecture.bank_sizes.entries()) {
    const size = bank * unit;
    const channels = (y: Tensor, index: number): Tensor =>
      tf.slice(y, [0, 0, 0, index * size], [-1, -1, -1, size]);
    const given = out;
    const memory = Array.from({ length: (out.shape[3] as number) / size }, (_, i) => channels(given, i));
    for (const op of operations.filter((other) => other.block === block)) {
      const read = tf.concat(
        op.read.map((from) => memory[from] as Tensor),
        3,
      );
      const rows = read.shape[3] as number;
      const width = op.width * unit;
      const ratio = Math.min(Math.max(Math.floor(rows / width), 1), bottleneck);
      const columns = Math.min(ratio * width, rows, most * widest, w1x1.shape[1] as number);
      const filter = tf.reshape(normalised(tf, tf.slice(w1x1, [row, 0], [rows, columns])), [
        1,
        1,
        rows,
        columns,
      ]);
      row += rows;
      const y = branches(tf, relu(tf, conv2d(tf, read, filter, SAME)), vars, op, width);
      op.write.forEach((to, j) => {
        const part = channels(y, j % (op.width / bank));
        const old = memory[to];
        memory[to] = old === undefined ? part : tf.add(old, part);
      });
    }
    const next = inputs[block + 1];
    const all = tf.concat(memory, 3);
    if (next === undefined) {
      out = normRelu(tf, all, vars, 'bn1');
      continue;
    }
    const name = `trans${block + 1}`;
    const filter = tf.slice(
      vars[`${name}.conv1.weight`] as Tensor,
      [0, 0, 0, 0],
      [1, 1, all.shape[3] as number, next],
    );
    const reduced = conv2d(tf, normRelu(tf, all, vars, `${name}.bn1`), filter, SAME);
    out = tf.avgPool(reduced as never, 2, 2, 'valid') as Tensor;
  }
  const features = tf.mean(out, [1, 2]);
  const classifier = tf.slice(vars['fc.weight'] as Tensor, [0, 0], [features.shape[1] as number, -1]);
  return tf.add(tf.matMul(features as never, classifier as never), vars['fc.bias'] as Tensor);
};

/**
 * SMASH: encoding, HyperNet, generated weights, log probabilities, loss and gradients. The HyperNet is the
 * product's, with the authors' noise in the place of its learned values of the positions; encoding and main
 * network are the authors', out of the product's layers: searches here have their own of both
 * (docs/strategies.md), whose filters are square and whose groups are diagonal blocks.
 */
export const checkSmash = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const config = configSchema.parse(fixture.config);
  const encoding = tensorOf(fixture, 'output.encoding');
  const z = tensorOf(fixture, 'input.z');
  const { N: unit, N_max: widest } = config;
  const [, channels, columns, slices] = encoding.shape as [number, number, number, number];
  const given = withPrefix(fixture.tensors, 'param.');
  const hypernetNames = Object.keys(given).filter((name) => HYPERNET.test(name));
  const produced = Math.max(...hypernetNames.map((name) => Number(HYPERNET.exec(name)?.[1])));
  const last = hypernetNames.find((name) => name.startsWith(`hyperconv.${produced}.`)) as string;
  const compression = (given[last]?.shape[0] as number) / unit ** 2;
  const [growth, ...others] = config.hypernet_growth as [number, ...number[]];
  if (others.some((other) => other !== growth))
    throw new Error('hypernet_growth: the HyperNet has one rate for all blocks');
  const { hypernet_layers: layers } = config;
  const hypernet = smashHypernet(
    { layers: [...layers] as never, growth },
    [slices, columns, channels],
    compression * unit ** 2,
  );

  const operations = operationsOf(config.architecture);
  const computed = authorsEncoding(operations, {
    banks: config.banks,
    maxDilation: config.max_dilate,
    maxKernel: config.max_kernel_now,
    factors: config.factors,
    columns,
    compression,
    shape: encoding.shape,
  });

  const inputs = withPrefix({ ...fixture.tensors }, 'input.');
  const images = imagesFromNchw(inputs['x'] as HostTensor);
  const variables = Object.fromEntries(
    Object.entries(given).map(([name, tensor]) => [name, fromTorch(tensor, [])]),
  );
  const trained = Object.keys(variables).filter((name) => !/running_/.test(name));
  const rows = slices * compression * unit;

  /** Up to the first transition a layer reads the noise first; the product reads its values last. */
  const readsNoise = (layer: number): boolean => layer <= (layers[0] as number) + 1;
  /** The product lays slices along the rows. */
  const hypernetVariables = (vars: Tensors): Tensors =>
    Object.fromEntries([
      ['hypernet.positions', tf.tensor(permute(z, [0, 3, 2, 1]).data as Float32Array, [slices, columns, 1])],
      ...hypernetNames.map((name) => {
        const layer = Number(HYPERNET.exec(name)?.[1]);
        const weight = tf.transpose(vars[name] as Tensor, [1, 0, 2, 3]);
        if (!readsNoise(layer)) return [`hypernet.${layer}.weight`, weight] as const;
        const ordered = tf.concat(
          [
            tf.slice(weight, [0, 0, 1, 0], [-1, -1, channels, -1]),
            tf.slice(weight, [0, 0, 0, 0], [-1, -1, 1, -1]),
            tf.slice(weight, [0, 0, channels + 1, 0], [-1, -1, -1, -1]),
          ],
          2,
        );
        return [`hypernet.${layer}.weight`, ordered] as const;
      }),
    ]);

  const graph = await compileGraph(tf, {
    variables: {
      ...variables,
      w1x1: { dtype: 'float32', shape: [rows, widest], data: new Float32Array(rows * widest) },
    },
    functions: {
      step: {
        inputs: {
          x: { shape: images.shape, dtype: 'float32' },
          y: { shape: [images.shape[0] as number], dtype: 'int32' },
          c: { shape: [slices, columns, channels], dtype: 'float32' },
        },
        body: (vars, { x, y, c }, trace) => {
          const params = Object.fromEntries([...trained, 'w1x1'].map((name) => [name, vars[name] as Tensor]));
          const { loss, gradients, extra } = lossAndGradients(tf, trace, params, () => {
            const generated = hypernet.generate(tf, hypernetVariables(vars), c as Tensor);
            const order = tf.reshape(generated, [slices, columns, unit, compression * unit]);
            const stacked = tf.reshape(tf.transpose(order, [0, 3, 1, 2]), [rows, widest]);
            // What is added is zero, and has the gradient of the generated weights.
            const w1x1 = tf.add(stacked, vars['w1x1'] as Tensor);
            const logits = mainNetwork(tf, config, operations, vars, w1x1, x as Tensor);
            const hyper = tf.transpose(generated, [0, 3, 2, 1]);
            const loss = crossEntropy(tf, logits, y as Tensor);
            return {
              loss,
              extra: { hyper, w1x1: stacked, logProb: tf.logSoftmax(logits as never) as Tensor },
            };
          });
          const named = Object.entries(gradients).map(([name, tensor]) => [`grad.${name}`, tensor]);
          return { outputs: { loss, ...extra, ...(Object.fromEntries(named) as Tensors) } };
        },
      },
    },
  });
  try {
    const c = permute(computed, [0, 3, 2, 1]);
    const { loss, hyper, w1x1, logProb, ...gradients } = graph.call('step', {
      x: images,
      y: inputs['y'] as HostTensor,
      c: { ...c, shape: [slices, columns, channels] },
    });
    const { 'grad.w1x1': ofGenerated, ...ofWeights } = gradients;
    const inTorch = Object.fromEntries(
      Object.entries(ofWeights).map(([name, tensor]) => [
        name,
        toTorch(tensor, fixture.tensors[name]?.shape ?? []),
      ]),
    );
    return [
      compare(fixture, 'output.encoding', computed, 0),
      ...compareAll(
        fixture,
        {
          'output.hypernet': hyper as HostTensor,
          'output.w1x1': w1x1 as HostTensor,
          'output.log_prob': logProb as HostTensor,
          'output.loss': loss as HostTensor,
          'output.grad_w1x1': ofGenerated as HostTensor,
          ...inTorch,
        },
        SAME_LAYOUT,
      ),
    ];
  } finally {
    graph.dispose();
  }
};
