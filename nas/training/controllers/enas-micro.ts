import type { Tensor } from '../graph/tensor.ts';
import { createAnchors } from './anchors.ts';
import { single, squash, type Controller } from './controller.ts';
import { recurrenceParameters, startRecurrence, type RecurrenceSettings } from './enas-recurrence.ts';

interface MicroControllerSettings extends RecurrenceSettings {
  readonly tanhConstant: number;
  /** Nodes of a cell. */
  readonly nodes: number;
  /** Operations to choose from, the two separable convolutions first. */
  readonly operations: number;
}

/** Operations that the authors' code favours at first, `micro_controller.py:100–108`. */
const FAVOURED = 2;
/** Their learnt bias begins at this, that of the others at 0. */
const INITIAL_BIAS = 10;
/** Added to their logits in the normal cell, and taken from those of the others. */
const PREFERENCE = 0.25;

const favouring = (operations: number, favoured: number, other: number): number[] =>
  Array.from({ length: operations }, (_, operation) => (operation < FAVOURED ? favoured : other));

/**
 * The controller of pairs of cells (Pham et al. 2018, §2.1 and §2.4): one LSTM layer; a node takes two steps
 * for its inputs, by attention over the steps that closed the earlier nodes, two for its operations, and one
 * that closes it. The reduction cell continues with the state that the normal cell ended with. As in the
 * authors' code (`micro_controller.py:100–108`), of which the paper says nothing, the operations' logits have
 * a learnt bias that begins in favour of convolutions, and the normal cell's a constant one.
 */
export const enasMicroController = (settings: MicroControllerSettings): Controller => {
  const { hiddenUnits, nodes, operations, temperature, tanhConstant } = settings;
  const decisions = 4 * nodes;
  return {
    decisions: 2 * decisions,
    parameters: {
      ...recurrenceParameters(hiddenUnits, operations),
      'operation/bias': [1, operations],
    },
    initial: { 'operation/bias': favouring(operations, INITIAL_BIAS, 0) },
    entropyOf: 'distributions',
    run: (tf, vars, sequences, choose) => {
      const { start, step, operation } = startRecurrence(tf, vars, sequences, settings);
      const cell = (first: number, preference?: Tensor): void => {
        const anchors = createAnchors(tf, vars);
        let input = start;
        // The cell's two inputs: they can be pointed at, and have nothing to say.
        for (let given = 0; given < 2; given++) anchors.add(step(input), false);
        for (let node = 0; node < nodes; node++) {
          const at = first + 4 * node;
          for (const edge of [0, 1]) {
            const logits = squash(tf, anchors.scores(step(input)), temperature, tanhConstant);
            const chosen = choose(single(tf, logits), at + 2 * edge);
            const oneHot = tf.oneHot(chosen as never, node + 2, 1, 0, 'float32');
            input = anchors.read(tf.reshape(oneHot, [sequences, node + 2]));
          }
          for (const edge of [0, 1]) input = operation(input, choose, at + 2 * edge + 1, preference);
          anchors.add(step(input), true);
          input = start;
        }
      };
      cell(0, tf.tensor1d(favouring(operations, PREFERENCE, -PREFERENCE)));
      cell(decisions);
      return {};
    },
  };
};
