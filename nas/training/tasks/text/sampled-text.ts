import { randomFromSeed } from '../../../core/random.ts';
import type { TextRecipe } from '../../../task/text/recipe.ts';
import { drawToken, textOf } from '../../../task/text/sampling.ts';
import { END_OF_LINE, type Vocabulary } from '../../../task/text/vocabulary.ts';
import { compileGraphSync } from '../../graph/compile.ts';
import { precisionTransform } from '../../graph/mixed-precision.ts';
import type { Tf } from '../../graph/tensor.ts';
import { group, prefixed } from '../../graph/variable-groups.ts';
import type { LanguageModel } from '../../networks/recurrent/language-model.ts';
import type { HostTensor } from '../../program.ts';
import { noMasks } from './dropout-masks.ts';

/** Tokens of a sampled text. */
const TOKENS = 200;

/**
 * The head of a text that a trained language model writes: each token is drawn by the model's probabilities
 * after all tokens before it, the first after the end of a line. Weights and seed alone decide it.
 *
 * @param tensors the weights that the model is evaluated with, and its buffers, by the model's names.
 */
export const sampledText = (
  tf: Tf,
  language: LanguageModel,
  { precision }: Pick<TextRecipe, 'precision'>,
  types: Vocabulary,
  tensors: Readonly<Record<string, HostTensor>>,
  seed: number,
): string => {
  const graph = compileGraphSync(tf, {
    variables: { ...prefixed('model', tensors), ...prefixed('carried', language.carried(1)) },
    functions: {
      step: {
        inputs: { token: { shape: [1, 1], dtype: 'int32' }, length: { shape: [], dtype: 'int32' } },
        body: (all, inputs, trace) => {
          const { token, length } = inputs as Required<typeof inputs>;
          const vars = group('model', all);
          // No target is known yet; a graph does not compute the loss that it is not asked for.
          const { outputs, carried } = language.run({
            ...{ tf, trace, vars, tokens: token!, targets: token!, length: length! },
            ...{ carried: group('carried', all), masks: noMasks, isTraining: false, inputs: {} },
          });
          const [, , width] = outputs.shape as [number, number, number];
          const logits = language.logits(tf, vars, tf.reshape(outputs, [1, width]));
          return { outputs: { logits }, updates: prefixed('carried', carried) };
        },
      },
    },
    ...precisionTransform(tf, precision),
  });
  try {
    const random = randomFromSeed(seed);
    const length: HostTensor = { dtype: 'int32', shape: [], data: Int32Array.of(1) };
    const drawn: number[] = [];
    let last = types.indexOf(END_OF_LINE);
    for (let i = 0; i < TOKENS; i++) {
      const token: HostTensor = { dtype: 'int32', shape: [1, 1], data: Int32Array.of(last) };
      const { logits } = graph.call('step', { token, length });
      last = drawToken((logits as HostTensor).data, { temperature: 1 }, random.uniform());
      drawn.push(last);
    }
    return textOf(drawn, types);
  } finally {
    graph.dispose();
  }
};
