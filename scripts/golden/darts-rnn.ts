import { z } from 'zod';
import { anyDartsRnn, type DartsRnnGenotype } from '../../nas/space/darts-rnn.ts';
import { toHost, toTensor, type Tf } from '../../nas/training/graph/tensor.ts';
import { mapValues } from '../../nas/training/graph/variable-groups.ts';
import { dartsRnnNetwork, DARTS_RNN_BOUND } from '../../nas/training/networks/recurrent/darts-rnn.ts';
import { languageModel, type LanguageModel } from '../../nas/training/networks/recurrent/language-model.ts';
import { clipByGlobalNorm } from '../../nas/training/optimizers/clip.ts';
import { sgd } from '../../nas/training/optimizers/sgd.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { compareAll, SAME_LAYOUT } from './compare-all.ts';
import { withPrefix, type Check, type TensorFixture } from './fixture.ts';
import { hosted } from './hosted.ts';
import { runLanguage, type Window } from './language.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

export const genotypeSchema = z.object({
  recurrent: z.array(z.tuple([z.string(), z.number()])),
  concat: z.array(z.number()),
});
const sizes = { ntokens: z.number(), nhid: z.number() };
const finalSchema = z.object({ ...sizes, genotype: genotypeSchema, tar_beta: z.number() });

/** Through the product's own reader of the published form. */
export const readGenotype = ({ recurrent, concat }: z.output<typeof genotypeSchema>): DartsRnnGenotype =>
  anyDartsRnn.parse(JSON.stringify({ recurrent, concat }));

const dartsLanguageModel = (
  genotype: DartsRnnGenotype,
  { ntokens, nhid }: { readonly ntokens: number; readonly nhid: number },
): LanguageModel =>
  languageModel(dartsRnnNetwork(genotype, nhid), {
    vocabulary: ntokens,
    bound: DARTS_RNN_BOUND,
    hasBias: true,
  });

/** The weights of a fixture; its decoder's matrix is the embedding's. */
export const weightsOf = ({ tensors }: TensorFixture): HostTensors => {
  const { 'decoder.weight': _tied, ...weights } = withPrefix(tensors, 'param.');
  return weights;
};

const reshaped = (tensor: HostTensor, shape: readonly number[]): HostTensor => ({ ...tensor, shape });

/** [1, B, H] as PyTorch keeps it, as [B, H]. */
export const hiddenOf = (tensor: HostTensor): HostTensor => reshaped(tensor, tensor.shape.slice(1));

export const windowOf = (tensors: HostTensors, part = ''): Window => ({
  tokens: tensors[`input.${part}tokens`] as HostTensor,
  targets: tensors[`input.${part}targets`] as HostTensor,
  carried: { hidden: hiddenOf((tensors[`input.${part}hidden`] ?? tensors['input.hidden']) as HostTensor) },
});

/** Names of a loss's gradients by the fixture's: the prefix, a point, the variable. */
export const gradientsOf = (model: LanguageModel, run: HostTensors, losses: readonly string[]): HostTensors =>
  Object.fromEntries(
    losses.flatMap((loss) =>
      model.declarations
        .filter(({ role }) => role === 'weight')
        .map(({ name }) => [`${loss}.${name}`, run[`${loss}/${name}`] as HostTensor]),
    ),
  );

/** A cell of the DARTS space without dropout: forward, both losses and their gradients. */
export const checkDartsRnnFinal = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const { genotype, tar_beta: beta, ...size } = finalSchema.parse(fixture.config);
  const model = dartsLanguageModel(readGenotype(genotype), size);
  const run = await runLanguage(tf, {
    model,
    variables: weightsOf(fixture),
    window: windowOf(fixture.tensors),
    isTraining: true,
    losses: {
      grad: ({ raw }) => raw,
      grad_with_tar: ({ raw, tar }) => tf.add(raw, tf.mul(tar, beta)),
    },
  });
  return compareAll(
    fixture,
    {
      'output.log_prob': run.log_prob as HostTensor,
      'output.hidden': run['carried/hidden'] as HostTensor,
      'output.hidden_all': run.outputs as HostTensor,
      'output.loss': run.raw as HostTensor,
      'output.loss_with_tar': run['grad_with_tar/value'] as HostTensor,
      'output.ar': run.ar as HostTensor,
      'output.tar': run.tar as HostTensor,
      ...gradientsOf(model, run, ['grad', 'grad_with_tar']),
    },
    SAME_LAYOUT,
  );
};

/** Where a fixture's masks are put. */
const MASKS: Readonly<Record<string, string>> = {
  embed_rows: 'embedding',
  embedding: 'input',
  x: 'cell',
  h: 'hidden',
  output: 'output',
};

const masksSchema = z.object({
  ...sizes,
  genotype: genotypeSchema,
  alpha: z.number(),
  beta: z.number(),
  lr: z.number(),
  schedule_bptt: z.number(),
  schedule_seq_len: z.number(),
  clip: z.number(),
  wdecay: z.number(),
});

/** The same with masks at all five places of dropout, and one step of the weights. */
export const checkDartsRnnMasks = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const { genotype, alpha, beta, ...config } = masksSchema.parse(fixture.config);
  const model = dartsLanguageModel(readGenotype(genotype), config);
  const weights = weightsOf(fixture);
  const masks = Object.entries(withPrefix(fixture.tensors, 'input.mask.'));
  const run = await runLanguage(tf, {
    model,
    variables: weights,
    window: windowOf(fixture.tensors),
    masks: Object.fromEntries(masks.map(([name, mask]) => [MASKS[name] as string, mask])),
    isTraining: true,
    losses: { grad: ({ raw, ar, tar }) => tf.addN([raw, tf.mul(ar, alpha), tf.mul(tar, beta)]) },
  });
  const gradients = gradientsOf(model, run, ['grad']);
  const learningRate = (config.lr * config.schedule_seq_len) / config.schedule_bptt;
  const optimizer = sgd({ momentum: 0, nesterov: false, weightDecay: config.wdecay });
  const moved = hosted(tf, () => {
    const params = mapValues(weights, (weight) => toTensor(tf, weight));
    const all = mapValues(withPrefix(gradients, 'grad.'), (gradient) => toTensor(tf, gradient));
    const clipped = clipByGlobalNorm(tf, all, config.clip);
    const step = { params, gradients: clipped.gradients, slots: {}, learningRate: tf.scalar(learningRate) };
    return { norm: toHost(clipped.norm), weights: mapValues(optimizer.update(tf, step).params, toHost) };
  });
  return compareAll(
    fixture,
    {
      'output.log_prob': run.log_prob as HostTensor,
      'output.hidden': run['carried/hidden'] as HostTensor,
      'output.raw_loss': run.raw as HostTensor,
      'output.loss': run['grad/value'] as HostTensor,
      'output.ar': run.ar as HostTensor,
      'output.tar': run.tar as HostTensor,
      'output.grad_norm': moved.norm,
      ...gradients,
      ...Object.fromEntries(
        Object.entries(moved.weights).map(([name, tensor]) => [`output.sgd.${name}`, tensor]),
      ),
    },
    SAME_LAYOUT,
  );
};
