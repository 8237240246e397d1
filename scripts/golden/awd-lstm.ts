import { z } from 'zod';
import type { Tf } from '../../nas/training/graph/tensor.ts';
import { AWD_LSTM_BOUND, awdLstmNetwork } from '../../nas/training/networks/recurrent/awd-lstm.ts';
import { languageModel } from '../../nas/training/networks/recurrent/language-model.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { compareAll, SAME_LAYOUT } from './compare-all.ts';
import { hiddenOf } from './darts-rnn.ts';
import { withPrefix, type Check, type TensorFixture } from './fixture.ts';
import { runLanguage } from './language.ts';
import { fromTorch, toTorch } from './layouts.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

const configSchema = z.object({
  ntokens: z.number(),
  emsize: z.number(),
  nhid: z.number(),
  nlayers: z.number(),
  alpha: z.number(),
  beta: z.number(),
});

/** A matrix of a layer lies the other way round in PyTorch; the embedding does not. */
const isTransposed = (name: string): boolean => /weight_[ih]h/.test(name);

const renamed = (tensors: HostTensors, name: (old: string) => string): HostTensors =>
  Object.fromEntries(Object.entries(tensors).map(([old, tensor]) => [name(old), tensor]));

/** Where a fixture's masks are put; the product's are counted by use. */
const PLACES: readonly (readonly [RegExp, string])[] = [
  [/^embedding$/, 'input'],
  [/^embed_rows$/, 'embedding'],
  [/^layer\./, 'layers.'],
  [/^weight_hh\./, 'recurrent.'],
];
const placeOf = (mask: string): string =>
  PLACES.reduce((name, [pattern, place]) => name.replace(pattern, place), mask);

/** The AWD-LSTM in training mode, with all of its masks and both penalties on its activations. */
export const checkAwdLstm = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const { ntokens, emsize, nhid, nlayers, alpha, beta } = configSchema.parse(fixture.config);
  const { tensors } = fixture;
  const network = awdLstmNetwork({ hidden: nhid, layers: nlayers }, emsize);
  const model = languageModel(network, { vocabulary: ntokens, bound: AWD_LSTM_BOUND, hasBias: true });
  const own = (name: string, tensor: HostTensor): HostTensor =>
    isTransposed(name) ? fromTorch(tensor, [...tensor.shape].reverse()) : tensor;
  const params = withPrefix(tensors, 'param.');
  const masks = withPrefix(tensors, 'input.mask.');
  const hidden = withPrefix(tensors, 'input.hidden.');
  const run = await runLanguage(tf, {
    model,
    variables: Object.fromEntries(
      model.declarations.map(({ name }) => [name, own(name, params[name] as HostTensor)]),
    ),
    window: {
      tokens: tensors['input.tokens'] as HostTensor,
      targets: tensors['input.targets'] as HostTensor,
      carried: Object.fromEntries(
        Object.entries(hidden).map(([name, tensor]) => [`hidden.${name}`, hiddenOf(tensor)]),
      ),
    },
    masks: renamed(
      Object.fromEntries(Object.entries(masks).map(([name, mask]) => [name, own(name, mask)])),
      placeOf,
    ),
    isTraining: true,
    losses: { grad: ({ raw, ar, tar }) => tf.addN([raw, tf.mul(ar, alpha), tf.mul(tar, beta)]) },
  });
  const gradients = model.declarations.map(({ name }): [string, HostTensor] => {
    const gradient = run[`grad/${name}`] as HostTensor;
    return [`grad.${name}`, isTransposed(name) ? toTorch(gradient, [...gradient.shape].reverse()) : gradient];
  });
  return compareAll(
    fixture,
    {
      'output.log_prob': run.log_prob as HostTensor,
      'output.raw_loss': run.raw as HostTensor,
      'output.loss': run['grad/value'] as HostTensor,
      'output.ar': run.ar as HostTensor,
      'output.tar': run.tar as HostTensor,
      ...renamed(withPrefix(run, 'carried/'), (name) => `output.${name}`),
      ...Object.fromEntries(gradients),
    },
    SAME_LAYOUT,
  );
};
