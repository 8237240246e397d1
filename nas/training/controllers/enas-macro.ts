import { MACRO_OPERATIONS } from '../../space/enas-macro.ts';
import { createAnchors } from './anchors.ts';
import { squash, type Controller } from './controller.ts';
import { recurrenceParameters, startRecurrence, type RecurrenceSettings } from './enas-recurrence.ts';
import type { Tensor, Tf } from '../tensor.ts';

export interface MacroControllerSettings extends RecurrenceSettings {
  /** Layers of the architectures. */
  readonly depth: number;
  readonly tanhConstant: number;
  /** Probability that every skip connection should have. */
  readonly skipTarget: number;
}

/** KL(Bernoulli(p) ‖ Bernoulli(target)) from log p and log(1 − p). */
const divergence = (tf: Tf, logs: Tensor, target: number): Tensor => {
  const targets = tf.tensor1d([Math.log(1 - target), Math.log(target)]);
  return tf.sum(tf.mul(tf.exp(logs), tf.sub(logs, targets)), 2);
};

/**
 * The controller of macro architectures (Pham et al. 2018, §2.1 and §2.3): one LSTM layer; a layer of the network takes a
 * step for its operation and a step for its skip connections, which are all drawn at once by attention over the second steps of
 * the earlier layers. The next input is the mean of the layers that were connected. The penalty is the divergence of the
 * skip probabilities from `skipTarget`, summed over a layer's skip connections, averaged over layers.
 */
export const enasMacroController = (settings: MacroControllerSettings): Controller => {
  const { depth, hiddenUnits, temperature, tanhConstant, skipTarget } = settings;
  return {
    decisions: (depth * (depth + 1)) / 2,
    parameters: recurrenceParameters(hiddenUnits, MACRO_OPERATIONS.length),
    run: (tf, vars, sequences, choose) => {
      const { start, step, operation } = startRecurrence(tf, vars, sequences, settings);
      const anchors = createAnchors(tf, vars);
      const divergences: Tensor[] = [];
      let input = start;
      let at = 0;
      for (let layer = 0; layer < depth; layer++) {
        const hidden = step(operation(input, choose, at));
        at += 1;
        input = start;
        if (layer > 0) {
          const scores = anchors.scores(hidden);
          const logits = squash(tf, tf.stack([tf.neg(scores), scores], 2), temperature, tanhConstant);
          const bits = tf.cast(choose(logits, at), 'float32');
          divergences.push(tf.sum(divergence(tf, tf.logSoftmax(logits), skipTarget), 1));
          input = tf.div(anchors.read(bits), tf.add(1, tf.sum(bits, 1, true)));
          at += layer;
        }
        anchors.add(hidden, true);
      }
      return { penalty: tf.div(tf.addN(divergences), depth - 1) };
    },
  };
};
