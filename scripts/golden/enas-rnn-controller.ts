import { z } from 'zod';
import { repeating, runEpisode, type Controller } from '../../nas/training/controllers/controller.ts';
import { enasLmController, enasRnnController } from '../../nas/training/controllers/enas-rnn.ts';
import { lossAndGradients } from '../../nas/training/graph/gradients.ts';
import { toHost, toTensor, type Tensor, type Tensors, type Tf } from '../../nas/training/graph/tensor.ts';
import { eagerTrace } from '../../nas/training/graph/trace-eager.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { compareAll, SAME_LAYOUT } from './compare-all.ts';
import { withPrefix, type Check, type TensorFixture } from './fixture.ts';

const arcs = z.array(z.array(z.number()));
const settings = z.object({ temperature: z.number(), tanh_constant: z.number() });
const configSchema = z.object({
  hidden: z.number(),
  depth: z.number(),
  functions: z.number(),
  arcs: z.object({ melodyguan: arcs, google: arcs }),
  settings: z.object({ melodyguan: settings, google: settings }),
});

/** The product's names of the authors' variables. */
const NAMES: Readonly<Record<string, string>> = {
  g_emb: 'start',
  w_lstm: 'lstm/weights',
  w_emb: 'operation/embedding',
  w_soft: 'operation/softmax',
  attn_w_1: 'attention/earlier',
  attn_w_2: 'attention/current',
  attn_v: 'attention/query',
};

const MAKERS = { melodyguan: enasRnnController, google: enasLmController } as const;

/** Both controllers of recurrent cells on given cells: logits, probabilities, entropies and gradients. */
export const checkEnasRnnController = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const config = configSchema.parse(fixture.config);
  const trace = eagerTrace(tf);
  const actual: Record<string, HostTensor> = {};
  tf.tidy(() => {
    for (const program of ['melodyguan', 'google'] as const) {
      const { temperature, tanh_constant: tanhConstant } = config.settings[program];
      const controller: Controller = MAKERS[program]({
        hiddenUnits: config.hidden,
        nodes: config.depth,
        activations: config.functions,
        temperature,
        tanhConstant,
        operationTanhConstant: tanhConstant,
      });
      const stated = Object.entries(withPrefix(fixture.tensors, `param.${program}.`));
      const vars: Tensors = Object.fromEntries(
        stated.map(([name, tensor]) => [NAMES[name] as string, toTensor(tf, tensor)]),
      );
      config.arcs[program].forEach((arc, i) => {
        const prefix = `output.${program}.arc${i}`;
        const chosen = repeating(tf, tf.tensor2d([arc], [1, arc.length], 'int32'));
        const logits: Tensor[] = [];
        const episode = runEpisode(tf, controller, vars, 1, (all, at) => {
          logits[at] = tf.reshape(all, [all.shape[2] as number]);
          return chosen(all, at);
        });
        const logs = logits.map((row) => tf.logSoftmax(row));
        const negative = logs.map((row, at) => tf.neg(tf.slice(row, [arc[at] as number], [1])));
        actual[`${prefix}.negative_log_probs`] = toHost(tf.concat(negative));
        actual[`${prefix}.sum`] = toHost(tf.neg(episode.logProbability));
        actual[`${prefix}.entropy_quirk`] = toHost(episode.entropy);
        const entropies = logs.map((row) => tf.neg(tf.sum(tf.mul(tf.exp(row), row))));
        actual[`${prefix}.entropy`] = toHost(tf.addN(entropies));
        if (i > 0) return;
        logits.forEach((row, at) => {
          actual[`${prefix}.logits.${String(at).padStart(2, '0')}`] = toHost(row);
        });
        const { gradients } = lossAndGradients(tf, trace, vars, () => ({
          loss: tf.neg(tf.sum(runEpisode(tf, controller, vars, 1, chosen).logProbability)),
          extra: {},
        }));
        for (const [name] of stated)
          actual[`grad.${program}.${name}`] = toHost(gradients[NAMES[name] as string] as Tensor);
      });
    }
  });
  trace.release();
  return compareAll(fixture, actual, SAME_LAYOUT);
};
