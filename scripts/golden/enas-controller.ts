import { z } from 'zod';
import {
  runEpisode,
  repeating,
  type Controller,
  type Episode,
} from '../../nas/training/controllers/controller.ts';
import { enasMacroController } from '../../nas/training/controllers/enas-macro.ts';
import { enasMicroController } from '../../nas/training/controllers/enas-micro.ts';
import { movingBaseline } from '../../nas/training/controllers/moving-baseline.ts';
import { controllerOptimizer, policyLoss } from '../../nas/training/controllers/policy-gradient.ts';
import { lossAndGradients } from '../../nas/training/graph/gradients.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { toTensor, type Tensor, type Tensors, type Tf } from '../../nas/training/graph/tensor.ts';
import { eagerTrace } from '../../nas/training/graph/trace-eager.ts';
import { toleranceOf } from './compare-all.ts';
import { compare, type Check, type TensorFixture } from './fixture.ts';

const shared = {
  lstm_size: z.number(),
  num_branches: z.number(),
  tanh_constant: z.number(),
  temperature: z.number().nullable(),
  entropy_weight: z.number(),
  learning_rate: z.number(),
  baseline_decay: z.number(),
  decisions: z.number(),
  adam: z.object({ beta1: z.number(), epsilon: z.number() }),
};
const configSchema = z.discriminatedUnion('space', [
  z.object({
    ...shared,
    space: z.literal('macro'),
    num_layers: z.number(),
    skip_target: z.number(),
    skip_weight: z.number(),
  }),
  z.object({ ...shared, space: z.literal('micro'), num_cells: z.number(), op_tanh_reduce: z.number() }),
]);
type Config = z.infer<typeof configSchema>;

/** The product's names of the authors' variables. */
const NAMES: Readonly<Record<string, string>> = {
  g_emb: 'start',
  'lstm/layer_0/w': 'lstm/weights',
  'emb/w': 'operation/embedding',
  'softmax/w': 'operation/softmax',
  'softmax/b': 'operation/bias',
  'attention/w_1': 'attention/earlier',
  'attention/w_2': 'attention/current',
  'attention/v': 'attention/query',
};

const controllerOf = (config: Config): Controller => {
  const settings = {
    hiddenUnits: config.lstm_size,
    temperature: config.temperature ?? 1,
    tanhConstant: config.tanh_constant,
    operations: config.num_branches,
  };
  return config.space === 'macro'
    ? enasMacroController({
        ...settings,
        operationTanhConstant: config.tanh_constant,
        depth: config.num_layers,
        skipTarget: config.skip_target,
      })
    : enasMicroController({
        ...settings,
        operationTanhConstant: config.tanh_constant / config.op_tanh_reduce,
        // The authors count the nodes as cells.
        nodes: config.num_cells,
      });
};

const host = (values: readonly number[]): HostTensor => ({
  dtype: 'float32',
  shape: [values.length],
  data: Float32Array.from(values),
});
const read = (tensor: Tensor): HostTensor => ({
  dtype: 'float32',
  shape: tensor.shape,
  data: Float32Array.from(tensor.dataSync() as Float32Array),
});
const scalar = (tensor: Tensor): number => tensor.dataSync()[0] as number;

/** Both controllers on given sequences: probabilities, rewards, losses, gradients and steps of Adam. */
export const checkEnasController = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const config = configSchema.parse(fixture.config);
  const controller = controllerOf(config);
  const optimizer = controllerOptimizer(config.adam);
  const trace = eagerTrace(tf);
  const penaltyWeight = config.space === 'macro' ? config.skip_weight : 0;
  const names = Object.keys(NAMES).filter((name) => fixture.tensors[`param.${name}`] !== undefined);
  const initial: Tensors = Object.fromEntries(
    names.map((name) => [
      NAMES[name] as string,
      toTensor(tf, fixture.tensors[`param.${name}`] as HostTensor),
    ]),
  );
  const given = fixture.tensors['input.sequences'] as HostTensor;
  const [count = 0, length = 0] = given.shape;
  const sequences = Array.from({ length: count }, (_, i) =>
    Array.from(given.data.subarray(i * length, (i + 1) * length)),
  );
  const choicesOf = (all: readonly (readonly number[])[]): Tensor =>
    tf.tensor2d(all.flat(), [all.length, length], 'int32');
  const accuracies = Array.from((fixture.tensors['input.accuracies'] as HostTensor).data);
  const firstBaseline = (fixture.tensors['input.baseline'] as HostTensor).data[0] as number;
  const actual: Record<string, HostTensor> = {};
  const put = (name: string, values: readonly number[]): void => {
    actual[`output.${name}`] = host(values);
  };
  /** One decision after another, as they were chosen from. */
  const observed = (vars: Tensors, sequence: readonly number[]) => {
    const logits: Tensor[] = [];
    const chosen = repeating(tf, choicesOf([sequence]));
    const episode = runEpisode(tf, controller, vars, 1, (all, at) => {
      tf.unstack(tf.reshape(all, [all.shape[1] as number, all.shape[2] as number])).forEach((row, i) => {
        logits[at + i] = row;
      });
      return chosen(all, at);
    });
    return { logits, episode };
  };
  const rewardOf = (episode: Episode, accuracy: number): number =>
    accuracy + config.entropy_weight * scalar(episode.entropy);
  const lossOf = (
    vars: Tensors,
    all: readonly (readonly number[])[],
    advantages: readonly number[],
  ): Tensor => policyLoss(tf, controller, vars, choicesOf(all), tf.tensor1d([...advantages]), penaltyWeight);
  const gradientsOf = (vars: Tensors, loss: () => Tensor) =>
    lossAndGradients(tf, trace, vars, () => ({ loss: loss(), extra: {} })).gradients;
  const putAll = (prefix: string, tensors: Tensors): void => {
    for (const name of names) actual[`${prefix}.${name}`] = read(tensors[NAMES[name] as string] as Tensor);
  };
  const zeroSlots = (): Tensors =>
    Object.fromEntries(
      Object.entries(optimizer.slots(initial as never)).map(([name, slot]) => [name, toTensor(tf, slot)]),
    );
  const step = (params: Tensors, slots: Tensors, gradients: Tensors) =>
    optimizer.update(tf, { params, gradients, slots, learningRate: tf.scalar(config.learning_rate) });

  tf.tidy(() => {
    sequences.forEach((sequence, i) => {
      const { logits, episode } = observed(initial, sequence);
      const reward = rewardOf(episode, accuracies[i] as number);
      const { advantages, baseline } = movingBaseline(firstBaseline, [reward], config.baseline_decay);
      const logs = logits.map((row) => tf.logSoftmax(row));
      const negative = logs.map((row, at) => -(row.dataSync()[sequence[at] as number] as number));
      put(`arc${i}.negative_log_probs`, negative);
      put(`arc${i}.negative_log_prob`, [-scalar(episode.logProbability)]);
      put(`arc${i}.entropy`, [scalar(episode.entropy)]);
      put(`arc${i}.true_entropy`, [
        logs.reduce((sum, row) => sum - scalar(tf.sum(tf.mul(tf.exp(row), row))), 0),
      ]);
      put(`arc${i}.reward`, [reward]);
      put(`arc${i}.baseline_after`, [baseline]);
      put(`arc${i}.loss`, [scalar(lossOf(initial, [sequence], advantages))]);
      if (episode.penalty !== undefined) {
        const skips = sequence.filter((_, at) => logits[at]?.shape[0] === 2);
        put(`arc${i}.skip_penalty`, [scalar(episode.penalty)]);
        put(`arc${i}.skip_rate`, [skips.reduce((sum, bit) => sum + bit, 0) / skips.length]);
      }
      if (i > 0) return;
      logits.forEach((row, at) =>
        put(`arc0.logits.${String(at).padStart(3, '0')}`, Array.from(row.dataSync())),
      );
      putAll(
        'grad',
        gradientsOf(initial, () => lossOf(initial, [sequence], advantages)),
      );
      putAll(
        'grad_negative_log_prob',
        gradientsOf(initial, () => tf.neg(tf.sum(observed(initial, sequence).episode.logProbability))),
      );
      if (episode.penalty !== undefined)
        putAll(
          'grad_skip_penalty',
          gradientsOf(initial, () => tf.sum(observed(initial, sequence).episode.penalty as Tensor)),
        );
    });

    // One step a sequence, each at the parameters and the baseline that the one before left.
    let at = { params: initial, slots: zeroSlots() };
    let baseline = firstBaseline;
    const sequential: { readonly loss: number; readonly baseline: number }[] = [];
    sequences.slice(0, 3).forEach((sequence, i) => {
      const vars = at.params;
      const reward = rewardOf(observed(vars, sequence).episode, accuracies[i] as number);
      const reinforced = movingBaseline(baseline, [reward], config.baseline_decay);
      baseline = reinforced.baseline;
      const loss = (): Tensor => lossOf(vars, [sequence], reinforced.advantages);
      sequential.push({ loss: scalar(loss()), baseline });
      at = step(vars, at.slots, gradientsOf(vars, loss));
      if (i === 0 || i === 2) putAll(`output.after${i + 1}`, at.params);
    });
    put(
      'sequential.losses',
      sequential.map(({ loss }) => loss),
    );
    put(
      'sequential.baselines',
      sequential.map((one) => one.baseline),
    );

    // One step for all sequences, drawn with the same parameters.
    const rewards = sequences.map((sequence, i) =>
      rewardOf(observed(initial, sequence).episode, accuracies[i] as number),
    );
    const { advantages } = movingBaseline(firstBaseline, rewards, config.baseline_decay);
    put(
      'aggregate.baselines',
      rewards.map(
        (_, i) => movingBaseline(firstBaseline, rewards.slice(0, i + 1), config.baseline_decay).baseline,
      ),
    );
    put(
      'aggregate.losses',
      sequences.map((sequence, i) => scalar(lossOf(initial, [sequence], [advantages[i] as number]))),
    );
    const mean = gradientsOf(initial, () => lossOf(initial, sequences, advantages));
    putAll('output.aggregate.after1', step(initial, zeroSlots(), mean).params);
    // TensorFlow's accumulator of replicas divides each row of an embedding by the sequences that read it;
    // the product does not.
    const embedding = 'operation/embedding';
    const each = sequences.map(
      (sequence, i) =>
        gradientsOf(initial, () => lossOf(initial, [sequence], [advantages[i] as number]))[
          embedding
        ] as Tensor,
    );
    const uses = sequences.map((sequence) => {
      const operations = sequence.filter((_, decision) => isOperation(config, decision));
      return Array.from({ length: config.num_branches }, (_, operation) =>
        Number(operations.includes(operation)),
      );
    });
    const users = tf.maximum(1, tf.sum(tf.tensor2d(uses), 0));
    const rows = tf.div(tf.addN(each), tf.reshape(users, [config.num_branches, 1]));
    const averaged = step(initial, zeroSlots(), { ...mean, [embedding]: rows }).params[embedding] as Tensor;
    actual['output.aggregate.after1_row_average.emb/w'] = read(averaged);
  });
  trace.release();
  tf.dispose(Object.values(initial));
  // The authors' weights are in TensorFlow's layout, as ours are. A file states no gradient of what a loss
  // does not use.
  const stated = Object.entries(actual).filter(([name]) => fixture.tensors[name] !== undefined);
  return stated.map(([name, tensor]) => compare(fixture, name, tensor, toleranceOf(name)));
};

/**
 * Macro: a layer's operation, then one decision for each earlier layer; micro: input and operation in turns.
 */
const isOperation = (config: Config, decision: number): boolean => {
  if (config.space === 'micro') return decision % 2 === 1;
  for (let layer = 0, first = 0; layer < config.num_layers; first += 1 + layer, layer++)
    if (decision === first) return true;
  return false;
};
