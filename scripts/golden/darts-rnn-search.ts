import { z } from 'zod';
import { compileGraph } from '../../nas/training/graph/compile.ts';
import { lossAndGradients } from '../../nas/training/graph/gradients.ts';
import { toHost, type Tensor, type Tensors, type Tf } from '../../nas/training/graph/tensor.ts';
import { group, mapValues, prefixed } from '../../nas/training/graph/variable-groups.ts';
import { DARTS_RNN_BOUND } from '../../nas/training/networks/recurrent/darts-rnn.ts';
import {
  languageModel,
  tokenCount,
  type LanguageModel,
} from '../../nas/training/networks/recurrent/language-model.ts';
import { clippedUnrolling } from '../../nas/training/programs/clipped-unrolling.ts';
import { unrolledGradient } from '../../nas/training/programs/unrolled-gradient.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { dartsRnnMixture, RNN_MIXTURE } from '../../nas/training/supernets/darts-rnn.ts';
import { compareAll, SAME_LAYOUT } from './compare-all.ts';
import { float64Graph } from './float64-graph.ts';
import { gradientsOf, weightsOf, windowOf } from './darts-rnn.ts';
import type { Check, TensorFixture } from './fixture.ts';
import { hosted } from './hosted.ts';
import { runLanguage, type Window } from './language.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

const configSchema = z.object({
  ntokens: z.number(),
  nhid: z.number(),
  lr_eta: z.number(),
  clip: z.number(),
  wdecay: z.number(),
});

const TIED = 'encoder.weight';

/** Architecture gradients of both orders, the second with the authors' slip and without. */
const architectureGradients = async (
  tf: Tf,
  model: LanguageModel,
  {
    variables,
    alphas,
    train,
    valid,
  }: {
    readonly variables: HostTensors;
    readonly alphas: HostTensor;
    readonly train: Window;
    readonly valid: Window;
  },
  { lr_eta: eta, clip, wdecay }: z.output<typeof configSchema>,
): Promise<HostTensors> => {
  const flat = ({ tokens, targets, carried }: Window): HostTensors => ({ tokens, targets, ...carried });
  const given = { alphas, ...prefixed('train', flat(train)), ...prefixed('valid', flat(valid)) };
  const weights = model.declarations.filter(({ role }) => role === 'weight').map(({ name }) => name);
  const graph = await compileGraph(tf, {
    variables,
    transform: float64Graph,
    functions: {
      step: {
        inputs: mapValues(given, ({ shape, dtype }) => ({ shape, dtype })),
        body: (vars, inputs, trace) => {
          const differentiate = (at: Tensors, part: 'train' | 'valid') => {
            const named = { ...prefixed('weights', at), alphas: inputs.alphas as Tensor };
            const { tokens, targets, hidden } = group(part, inputs) as Record<string, Tensor>;
            const window = { tokens: tokens as Tensor, targets: targets as Tensor };
            const length = tf.scalar(window.tokens.shape[0] as number, 'int32');
            const { loss, gradients } = lossAndGradients(tf, trace, named, () => {
              const { nats } = model.run({
                tf,
                trace,
                vars: { ...vars, ...at },
                carried: { hidden: hidden as Tensor },
                ...window,
                length,
                masks: () => undefined,
                isTraining: true,
                inputs: { [RNN_MIXTURE]: tf.softmax(inputs.alphas as Tensor) },
              });
              return { loss: tf.div(nats, tokenCount(tf, window.tokens, length)), extra: {} };
            });
            const alphas: Tensors = { weights: gradients.alphas as Tensor };
            return { loss, weights: group('weights', gradients), alphas };
          };
          const here = Object.fromEntries(weights.map((name) => [name, vars[name] as Tensor]));
          const secondOrder = (
            unmoved: readonly string[],
          ): { readonly gradient: Tensor; readonly ahead: Tensors } => {
            const unrolling = clippedUnrolling(tf, {
              weights: here,
              maxNorm: clip,
              weightDecay: wdecay,
              learningRate: tf.scalar(eta),
              unmoved,
            });
            let ahead: Tensors = {};
            const gradient = unrolledGradient(tf, {
              weights: here,
              training: (at) => differentiate(at, 'train'),
              validation: (at) => differentiate(at, 'valid'),
              direction: unrolling.direction,
              unroll: (gradients) => {
                const step = unrolling.unroll(gradients);
                ahead = step.weights;
                return step;
              },
            });
            return { gradient: gradient.weights as Tensor, ahead };
          };
          const asReleased = secondOrder([TIED]);
          const first = differentiate(here, 'valid');
          const trained = differentiate(here, 'train');
          const unrolled = asReleased.gradient;
          return {
            outputs: {
              'output.valid_loss': first.loss,
              'grad.weights': first.alphas.weights as Tensor,
              'grad_train.weights': trained.alphas.weights as Tensor,
              'output.unrolled_grad.weights': unrolled,
              'output.unrolled_grad_fd64.weights': tf.add(unrolled, 0),
              'output.unrolled_grad_tiedfix.weights': secondOrder([]).gradient,
              ...Object.fromEntries(
                Object.entries(asReleased.ahead).map(([name, weight]) => [
                  `output.unrolled_w.${name}`,
                  weight,
                ]),
              ),
            },
          };
        },
      },
    },
  });
  try {
    return graph.call('step', given);
  } finally {
    graph.dispose();
  }
};

/**
 * DARTS' recurrent search network: a pass in training and in evaluation, and the architecture's gradients.
 */
export const checkDartsRnnSearch = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const config = configSchema.parse(fixture.config);
  const { tensors } = fixture;
  const model = languageModel(dartsRnnMixture(config.nhid), {
    vocabulary: config.ntokens,
    bound: DARTS_RNN_BOUND,
    hasBias: true,
  });
  const variables = weightsOf(fixture);
  const alphas = tensors['input.weights'] as HostTensor;
  const edges = hosted(tf, () => {
    const rows = tf.softmax(tf.tensor(alphas.data, [...alphas.shape]));
    return toHost(rows);
  });
  const train = windowOf(tensors, 'train.');
  const pass = { model, variables, window: train, inputs: { [RNN_MIXTURE]: edges } };
  const run = await runLanguage(tf, { ...pass, isTraining: true, losses: { grad: ({ raw }) => raw } });
  const after = { ...variables, ...group('buffers', run) };
  const evaluation = await runLanguage(tf, { ...pass, variables: after, isTraining: false });
  const valid = windowOf(tensors, 'valid.');
  const architecture = await architectureGradients(tf, model, { variables, alphas, train, valid }, config);
  return compareAll(
    fixture,
    {
      'output.log_prob': run.log_prob as HostTensor,
      'output.hidden': run['carried/hidden'] as HostTensor,
      'output.hidden_all': run.outputs as HostTensor,
      'output.loss': run.raw as HostTensor,
      'output.ar': run.ar as HostTensor,
      'output.tar': run.tar as HostTensor,
      'output.eval_log_prob': evaluation.log_prob as HostTensor,
      ...Object.fromEntries(
        Object.entries(group('buffers', run)).map(([name, tensor]) => [`output.after1.${name}`, tensor]),
      ),
      ...gradientsOf(model, run, ['grad']),
      ...architecture,
    },
    SAME_LAYOUT,
  );
};
