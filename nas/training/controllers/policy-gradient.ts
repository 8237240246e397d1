import { deriveSeed } from '../../core/random.ts';
import { compileGraph, type FunctionSpec } from '../graph/compile.ts';
import { lossAndGradients } from '../graph/gradients.ts';
import { adam } from '../optimizers/adam.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import { DivergedError, type HostTensor } from '../program.ts';
import { group, prefixed } from '../graph/variable-groups.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import type { Trace } from '../graph/trace.ts';
import { initialParameters, repeating, runEpisode, sampling, type Controller } from './controller.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

/** One drawn sequence. */
export interface Sample {
  readonly choices: readonly number[];
  /** Nats: sum over the decisions of the entropy of the distribution that was drawn from. */
  readonly entropy: number;
}

export interface Reinforcement {
  readonly choices: readonly number[];
  /** Reward above the baseline. */
  readonly advantage: number;
}

/** A controller with its Adam, compiled for a fixed number of sequences a call. */
interface CompiledController {
  /** Draws sequences; a function of the parameters and the seed alone. */
  sample(seed: readonly [number, number]): readonly Sample[];
  /** One step of policy gradient (Williams 1992). Throws `DivergedError`, leaving everything as it was. */
  reinforce(episodes: readonly Reinforcement[]): void;
  read(): HostTensors;
  write(tensors: HostTensors): void;
  dispose(): void;
}

/** Of the controller's Adam. */
interface ControllerAdam {
  readonly learningRate: number;
  readonly beta1: number;
  readonly epsilon: number;
}

interface PolicyGradientSettings extends ControllerAdam {
  /** Weight of the controller's penalty, where it has one. */
  readonly penaltyWeight: number;
  /** Sequences of one call. */
  readonly sequences: number;
  readonly seed: number;
}

/**
 * What a step makes small: the mean over the sequences of −advantage · log p plus the weighted penalty.
 * `choices` int32 [M, decisions], `advantages` [M]; a scalar.
 */
export const policyLoss = (
  tf: Tf,
  controller: Controller,
  vars: Tensors,
  choices: Tensor,
  advantages: Tensor,
  penaltyWeight: number,
): Tensor => {
  const sequences = choices.shape[0] as number;
  const episode = runEpisode(tf, controller, vars, sequences, repeating(tf, choices));
  const loss = tf.neg(tf.mean(tf.mul(advantages, episode.logProbability)));
  return episode.penalty === undefined ? loss : tf.add(loss, tf.mul(tf.mean(episode.penalty), penaltyWeight));
};

/** TensorFlow's Adam, as the authors' code has it (`utils.py:218`). */
export const controllerOptimizer = ({ beta1, epsilon }: Omit<ControllerAdam, 'learningRate'>): Optimizer =>
  adam({ beta1, beta2: 0.999, epsilon, weightDecay: 0 }, 'uncorrected');

export const compileController = async (
  tf: Tf,
  controller: Controller,
  { learningRate, penaltyWeight, sequences, seed, ...settings }: PolicyGradientSettings,
): Promise<CompiledController> => {
  const optimizer = controllerOptimizer(settings);
  const parameters = initialParameters(controller, (name) => deriveSeed(seed, name));
  const sample: FunctionSpec = {
    inputs: { seed: { shape: [2], dtype: 'int32' } },
    body: (vars, given, trace: Trace) => {
      const choose = sampling(tf, trace, given['seed'] as Tensor);
      const { choices, entropy } = runEpisode(tf, controller, group('parameters', vars), sequences, choose);
      return { outputs: { choices, entropy } };
    },
  };
  const reinforce: FunctionSpec = {
    inputs: {
      choices: { shape: [sequences, controller.decisions], dtype: 'int32' },
      advantages: { shape: [sequences], dtype: 'float32' },
    },
    body: (vars, given, trace) => {
      const params = group('parameters', vars);
      const { loss, gradients } = lossAndGradients(tf, trace, params, () => ({
        loss: policyLoss(
          tf,
          controller,
          params,
          given['choices'] as Tensor,
          given['advantages'] as Tensor,
          penaltyWeight,
        ),
        extra: {},
      }));
      const moved = optimizer.update(tf, {
        params,
        gradients,
        slots: group('optimizer', vars),
        learningRate: tf.scalar(learningRate),
      });
      return {
        outputs: { loss },
        updates: { ...prefixed('parameters', moved.params), ...prefixed('optimizer', moved.slots) },
        commit: tf.isFinite(loss),
      };
    },
  };
  const graph = await compileGraph(tf, {
    variables: {
      ...prefixed('parameters', parameters),
      ...prefixed('optimizer', optimizer.slots(parameters)),
    },
    functions: { sample, reinforce },
  });
  return {
    sample: (seed) => {
      const { choices, entropy } = graph.call('sample', {
        seed: { dtype: 'int32', shape: [2], data: Int32Array.from(seed) },
      }) as { readonly choices: HostTensor; readonly entropy: HostTensor };
      const length = controller.decisions;
      return Array.from({ length: sequences }, (_, m) => ({
        choices: Array.from(choices.data.subarray(m * length, (m + 1) * length)),
        entropy: entropy.data[m] as number,
      }));
    },
    reinforce: (episodes) => {
      const { loss } = graph.call('reinforce', {
        choices: {
          dtype: 'int32',
          shape: [sequences, controller.decisions],
          data: Int32Array.from(episodes.flatMap(({ choices }) => choices)),
        },
        advantages: {
          dtype: 'float32',
          shape: [sequences],
          data: Float32Array.from(episodes, ({ advantage }) => advantage),
        },
      });
      const value = loss?.data[0] as number;
      if (!Number.isFinite(value))
        throw new DivergedError(
          `the controller's loss is ${value} at learning rate ${learningRate}; a lower controller.learningRate may help`,
        );
    },
    read: () => graph.read(),
    write: (tensors) => graph.write(tensors),
    dispose: () => graph.dispose(),
  };
};
