import type { TextRecipe } from '../../../task/text/recipe.ts';
import type { TensorSpec } from '../../graph/record.ts';
import type { Tensor, Tensors, Tf } from '../../graph/tensor.ts';
import { mapValues } from '../../graph/variable-groups.ts';
import { initialValues } from '../../layers/initial-values.ts';
import {
  activationPenalties,
  tokenCount,
  type LanguageModel,
} from '../../networks/recurrent/language-model.ts';
import type { ForwardCall, Model } from '../model.ts';
import { dropoutMasks, noMasks } from './dropout-masks.ts';

interface TextWindow {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly length: Tensor;
  readonly begins: Tensor;
}

/**
 * A language model with its loss: the mean of −ln of the probability of each next token, plus the recipe's
 * penalties on activations (Merity et al. 2017). The state is handed on from window to window without a
 * gradient, from zero where a window begins anew.
 */
export const textModel = (
  tf: Tf,
  language: LanguageModel,
  { dropouts, activationRegularisation, temporalRegularisation }: TextRecipe,
  seed: number,
  inputs: Readonly<Record<string, TensorSpec>> = {},
): Model => {
  const ofRole = (role: 'weight' | 'buffer') =>
    initialValues(
      language.declarations.filter((declaration) => declaration.role === role),
      seed,
    );
  /** The state that a window begins with. */
  const before = (carried: Tensors, begins: Tensor): Tensors =>
    mapValues(carried, (state) => tf.mul(state, tf.sub(1, begins)));
  const windowOf = (batch: Tensors): TextWindow => batch as unknown as TextWindow;
  const given = ({ trace, vars, batch, carried, inputs }: ForwardCall) => {
    const { x: tokens, y: targets, length, begins } = windowOf(batch);
    return { tf, trace, vars, tokens, targets, length, inputs, carried: before(carried, begins) };
  };
  return {
    weights: ofRole('weight'),
    buffers: ofRole('buffer'),
    inputs,
    carried: ({ shapes }) => {
      const [columns] = Object.values(shapes).map(({ x }) => x?.shape[1]);
      return language.carried(columns as number);
    },
    train: (call) => {
      const { trace, seed: masksSeed } = call;
      const masks = masksSeed === undefined ? noMasks : dropoutMasks(tf, trace, dropouts, masksSeed);
      const { x, length } = windowOf(call.batch);
      const result = language.run({ ...given(call), masks, isTraining: true });
      const main = tf.div(result.nats, tokenCount(tf, x, length)) as Tensor;
      const { activation, slowness } = activationPenalties(tf, result, length);
      const loss = [
        main,
        ...(activationRegularisation > 0 ? [tf.mul(activation, activationRegularisation)] : []),
        ...(temporalRegularisation > 0 ? [tf.mul(slowness, temporalRegularisation)] : []),
      ];
      return {
        loss: tf.addN(loss as Tensor[]),
        main,
        sums: { nats: result.nats },
        buffers: result.buffers,
        carried: result.carried,
      };
    },
    evaluate: (call) => {
      const { nats, carried } = language.run({ ...given(call), masks: noMasks, isTraining: false });
      return { loss: nats, sums: { nats }, carried };
    },
  };
};
