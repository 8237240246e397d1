import { z } from 'zod';
import { toHost, toTensor, type Tf } from '../../nas/training/graph/tensor.ts';
import { mapValues } from '../../nas/training/graph/variable-groups.ts';
import { DARTS_RNN_BOUND } from '../../nas/training/networks/recurrent/darts-rnn.ts';
import { languageModel } from '../../nas/training/networks/recurrent/language-model.ts';
import { clipByGlobalNorm } from '../../nas/training/optimizers/clip.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import {
  dartsRnnPath,
  dartsRnnShared,
  RNN_PATH,
  RNN_PATH_LENGTH,
} from '../../nas/training/supernets/darts-rnn-shared.ts';
import { compareAll, SAME_LAYOUT } from './compare-all.ts';
import { genotypeSchema, readGenotype, weightsOf, windowOf } from './darts-rnn.ts';
import type { Check, TensorFixture } from './fixture.ts';
import { hosted } from './hosted.ts';
import { runLanguage } from './language.ts';

const configSchema = z.object({
  ntokens: z.number(),
  nhid: z.number(),
  archs: z.array(genotypeSchema),
  tar_beta: z.number(),
});

/** The weights that random search shares among recurrent cells, under several cells, in one graph's form. */
export const checkRnasRnn = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const { ntokens, nhid, archs, tar_beta: beta } = configSchema.parse(fixture.config);
  const model = languageModel(dartsRnnShared(nhid), {
    vocabulary: ntokens,
    bound: DARTS_RNN_BOUND,
    hasBias: true,
  });
  const actual: Record<string, HostTensor> = {};
  for (const [i, arch] of archs.entries()) {
    const data = dartsRnnPath(readGenotype(arch));
    const run = await runLanguage(tf, {
      model,
      variables: weightsOf(fixture),
      window: windowOf(fixture.tensors),
      inputs: { [RNN_PATH]: { dtype: 'int32', shape: [RNN_PATH_LENGTH], data } },
      isTraining: true,
      losses: { grad: ({ raw, tar }) => tf.add(raw, tf.mul(tar, beta)) },
    });
    const gradients = Object.fromEntries(
      model.declarations.map(({ name }) => [name, run[`grad/${name}`] as HostTensor]),
    );
    const norm = hosted(tf, () => {
      const tensors = mapValues(gradients, (gradient) => toTensor(tf, gradient));
      return toHost(clipByGlobalNorm(tf, tensors, 0).norm);
    });
    Object.assign(actual, {
      [`output.arch${i}.log_prob`]: run.log_prob,
      [`output.arch${i}.hidden`]: run['carried/hidden'],
      [`output.arch${i}.raw_loss`]: run.raw,
      [`output.arch${i}.loss_with_tar`]: run['grad/value'],
      [`output.arch${i}.grad_norm`]: norm,
      ...Object.fromEntries(
        Object.entries(gradients).map(([name, tensor]) => [`grad_with_tar.arch${i}.${name}`, tensor]),
      ),
    });
  }
  return compareAll(fixture, actual, SAME_LAYOUT);
};
