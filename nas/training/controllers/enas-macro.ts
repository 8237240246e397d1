import { createAnchors } from './anchors.ts';
import { squash, type Controller } from './controller.ts';
import { recurrenceParameters, startRecurrence, type RecurrenceSettings } from './enas-recurrence.ts';
import { logSigmoid } from './log-sigmoid.ts';
import type { Tensor, Tf } from '../graph/tensor.ts';

interface MacroControllerSettings extends RecurrenceSettings {
  /** Layers of the architectures. */
  readonly depth: number;
  /** Operations to choose from. */
  readonly operations: number;
  readonly tanhConstant: number;
  /** Probability that every skip connection should have. */
  readonly skipTarget: number;
}

/**
 * Σ p ln(p / q) over a skip connection's two logits, p being the sigmoid of each and q = (1 − target,
 * target). Authors' code, `general_controller.py:231–234`: two sigmoids, which do not add up to 1, and no
 * softmax.
 */
const divergence = (tf: Tf, logits: Tensor, target: number): Tensor => {
  const targets = tf.tensor1d([Math.log(1 - target), Math.log(target)]);
  const logs = logSigmoid(tf, logits);
  return tf.sum(tf.mul(tf.exp(logs), tf.sub(logs, targets)), 2);
};

/**
 * The controller of macro architectures (Pham et al. 2018, §2.1 and §2.3): one LSTM layer; a layer of the
 * network takes a step for its operation and a step for its skip connections, which are all drawn at once by
 * attention over the second steps of the earlier layers. The next input is the sum of the layers that were
 * connected over one more than their number. The penalty is the divergence of the skip connections from
 * `skipTarget`, summed over those of a layer, averaged over layers. The entropy is that of the authors' code
 * (`general_controller.py:170`), which counts the chosen values alone.
 */
export const enasMacroController = (settings: MacroControllerSettings): Controller => {
  const { depth, hiddenUnits, operations, temperature, tanhConstant, skipTarget } = settings;
  return {
    decisions: (depth * (depth + 1)) / 2,
    parameters: recurrenceParameters(hiddenUnits, operations),
    entropyOf: 'choices',
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
          divergences.push(tf.sum(divergence(tf, logits, skipTarget), 1));
          input = tf.div(anchors.read(bits), tf.add(1, tf.sum(bits, 1, true)));
          at += layer;
        }
        anchors.add(hidden, true);
      }
      return { penalty: tf.div(tf.addN(divergences), depth - 1) };
    },
  };
};
