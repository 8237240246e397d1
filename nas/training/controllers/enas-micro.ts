import { MICRO_NODES, MICRO_OPERATIONS } from '../../space/enas-micro.ts';
import { createAnchors } from './anchors.ts';
import { single, squash, type Controller } from './controller.ts';
import { recurrenceParameters, startRecurrence, type RecurrenceSettings } from './enas-recurrence.ts';

export interface MicroControllerSettings extends RecurrenceSettings {
  readonly tanhConstant: number;
}

const DECISIONS = 4 * MICRO_NODES;

/**
 * The controller of pairs of cells (Pham et al. 2018, §2.1 and §2.4): one LSTM layer; a node takes two steps for its inputs,
 * by attention over the steps that closed the earlier nodes, two for its operations, and one that closes it. The reduction
 * cell continues with the state that the normal cell ended with. The authors' code adds biases in favour of convolutions to the
 * operations' logits, of which the paper says nothing; here there are none.
 */
export const enasMicroController = (settings: MicroControllerSettings): Controller => {
  const { hiddenUnits, temperature, tanhConstant } = settings;
  return {
    decisions: 2 * DECISIONS,
    parameters: recurrenceParameters(hiddenUnits, MICRO_OPERATIONS.length),
    run: (tf, vars, sequences, choose) => {
      const { start, step, operation } = startRecurrence(tf, vars, sequences, settings);
      const cell = (first: number): void => {
        const anchors = createAnchors(tf, vars);
        let input = start;
        // The cell's two inputs: they can be pointed at, and have nothing to say.
        for (let given = 0; given < 2; given++) anchors.add(step(input), false);
        for (let node = 0; node < MICRO_NODES; node++) {
          const at = first + 4 * node;
          for (const edge of [0, 1]) {
            const logits = squash(tf, anchors.scores(step(input)), temperature, tanhConstant);
            const chosen = choose(single(tf, logits), at + 2 * edge);
            const oneHot = tf.oneHot(chosen as never, node + 2, 1, 0, 'float32');
            input = anchors.read(tf.reshape(oneHot, [sequences, node + 2]));
          }
          for (const edge of [0, 1]) input = operation(input, choose, at + 2 * edge + 1);
          anchors.add(step(input), true);
          input = start;
        }
      };
      cell(0);
      cell(DECISIONS);
      return {};
    },
  };
};
