import { compileGraph } from '../../nas/training/graph/compile.ts';
import { lossAndGradients } from '../../nas/training/graph/gradients.ts';
import type { TensorSpec } from '../../nas/training/graph/record.ts';
import type { Tensor, Tensors, Tf } from '../../nas/training/graph/tensor.ts';
import { mapValues, prefixed } from '../../nas/training/graph/variable-groups.ts';
import {
  activationPenalties,
  tokenCount,
  type LanguageModel,
} from '../../nas/training/networks/recurrent/language-model.ts';
import type { HostTensor } from '../../nas/training/program.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

/** A window of a fixture, in the layout of the product: tokens and targets [T, B]. */
export interface Window {
  readonly tokens: HostTensor;
  readonly targets: HostTensor;
  readonly carried: HostTensors;
}

/** What a loss may be made of, scalars. */
interface LossTerms {
  readonly raw: Tensor;
  readonly ar: Tensor;
  readonly tar: Tensor;
}

interface LanguageRun {
  readonly model: LanguageModel;
  readonly variables: HostTensors;
  readonly window: Window;
  /** By place; several of one place, one a use, under `place.0`, `place.1`, … */
  readonly masks?: HostTensors;
  readonly isTraining: boolean;
  /** Of supernets. */
  readonly inputs?: HostTensors;
  /** Losses whose gradients are wanted, by the prefix of their names: of weights, and of the inputs. */
  readonly losses?: Readonly<Record<string, (terms: LossTerms) => Tensor>>;
}

const specOf = ({ shape, dtype }: HostTensor): TensorSpec => ({ shape, dtype });

/**
 * One compiled pass of a language model: `log_prob` [T, B, V], `raw`, `ar`, `tar`, the state that it leaves
 * under `carried/…`, `outputs` [T, B, H], `buffers/…`, and `<loss>/value` and `<loss>/<variable>` for each
 * loss.
 */
export const runLanguage = async (
  tf: Tf,
  { model, variables, window, masks = {}, isTraining, inputs = {}, losses = {} }: LanguageRun,
): Promise<HostTensors> => {
  const [steps = 0, batch = 0] = window.tokens.shape;
  const given: HostTensors = {
    tokens: window.tokens,
    targets: window.targets,
    ...prefixed('carried', window.carried),
    ...prefixed('mask', masks),
    ...prefixed('input', inputs),
  };
  const weights = model.declarations.filter(({ role }) => role === 'weight').map(({ name }) => name);
  const graph = await compileGraph(tf, {
    variables,
    functions: {
      pass: {
        inputs: mapValues(given, specOf),
        body: (vars, placed, trace) => {
          const group = (prefix: string, of: HostTensors): Tensors =>
            mapValues(of, (_, name) => placed[`${prefix}/${name}`] as Tensor);
          const length = tf.scalar(steps, 'int32');
          const run = (at: Tensors, given: Tensors) => {
            const uses: Record<string, number> = {};
            const { nats, ...result } = model.run({
              tf,
              trace,
              vars: at,
              carried: group('carried', window.carried),
              tokens: placed.tokens as Tensor,
              targets: placed.targets as Tensor,
              length,
              isTraining,
              inputs: given,
              masks: (place) => {
                const use = (uses[place] = (uses[place] ?? -1) + 1);
                return placed[`mask/${place}`] ?? placed[`mask/${place}.${use}`];
              },
            });
            const raw = tf.div(nats, tokenCount(tf, placed.tokens as Tensor, length));
            const { activation: ar, slowness: tar } = activationPenalties(tf, result, length);
            return { ...result, raw, ar, tar };
          };
          const mixed = group('input', inputs);
          const { dropped, outputs, carried, buffers, raw, ar, tar } = run(vars, mixed);
          const width = dropped.shape[2] as number;
          const logits = model.logits(tf, vars, tf.reshape(dropped, [steps * batch, width]));
          const gradients = Object.entries(losses).map(([name, lossOf]) => {
            const weightsAndInputs = {
              ...Object.fromEntries(weights.map((weight) => [weight, vars[weight] as Tensor])),
              ...Object.fromEntries(Object.entries(mixed).filter(([, { dtype }]) => dtype === 'float32')),
            };
            const { loss, gradients } = lossAndGradients(tf, trace, weightsAndInputs, () => ({
              loss: lossOf(run(vars, mixed)),
              extra: {},
            }));
            return prefixed(name, { value: loss, ...gradients });
          });
          return {
            outputs: {
              log_prob: tf.reshape(tf.logSoftmax(logits), [steps, batch, logits.shape[1] as number]),
              raw,
              ar,
              tar,
              outputs,
              ...prefixed('carried', carried),
              ...prefixed('buffers', buffers),
              ...(Object.assign({}, ...gradients) as Tensors),
            },
          };
        },
      },
    },
  });
  try {
    return graph.call('pass', given);
  } finally {
    graph.dispose();
  }
};
