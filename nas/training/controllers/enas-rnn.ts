import type { Tensor, Tf } from '../graph/tensor.ts';
import { createAnchors } from './anchors.ts';
import { embed, single, squash, type Choose, type Controller } from './controller.ts';
import { recurrenceParameters, startRecurrence, type RecurrenceSettings } from './enas-recurrence.ts';
import { oneHot } from './one-hot.ts';

interface RnnControllerSettings extends RecurrenceSettings {
  /** Nodes of a cell. */
  readonly nodes: number;
  readonly activations: number;
  readonly tanhConstant: number;
}

/** Nodes far away are read less: their logits lose the square of the distance over this. */
const SPREAD = 6;
/** Added to the distance that the input of the next step is divided by. */
const NEAREST = 0.1;

interface Reading {
  readonly scores: Tensor;
  /** The node that chooses, from 1. */
  readonly node: number;
  readonly settings: Pick<RnnControllerSettings, 'temperature' | 'tanhConstant'>;
  readonly choose: Choose;
  readonly at: number;
  /** Sum of the states before it by weights [M, node]. */
  read(weights: Tensor): Tensor;
}

/** Decision `at`, which node before it a node reads; the input of the next step, [M, H]. */
const chooseNode = (tf: Tf, { scores, node, settings, choose, at, read }: Reading): Tensor => {
  const squashed = squash(tf, scores, settings.temperature, settings.tanhConstant);
  const distances = Array.from({ length: node }, (_, from) => node - from);
  const logits = tf.sub(squashed, tf.tensor1d(distances.map((distance) => distance ** 2 / SPREAD)));
  const chosen = choose(single(tf, logits), at);
  const sequences = scores.shape[0] as number;
  const weights = tf.reshape(oneHot(tf, chosen, node), [sequences, node]);
  const near = tf.sum(tf.mul(weights, tf.tensor1d(distances)), 1, true);
  return tf.div(read(weights), tf.add(near, NEAREST));
};

/**
 * The controller of recurrent cells (Pham et al. 2018, §2.1), as melodyguan/enas at 4bcfd73b has it
 * (src/ptb/ptb_enas_controller.py): one LSTM layer; a node takes a step, by whose attention over those of the
 * earlier nodes it chooses what it reads, and a step for its activation. Node 0 reads the cell's inputs. The
 * entropy counts the chosen values alone.
 */
export const enasRnnController = (settings: RnnControllerSettings): Controller => {
  const { nodes, activations, hiddenUnits } = settings;
  return {
    decisions: 2 * nodes - 1,
    parameters: recurrenceParameters(hiddenUnits, activations),
    entropyOf: 'choices',
    run: (tf, vars, sequences, choose) => {
      const { start, step, operation } = startRecurrence(tf, vars, sequences, settings);
      const anchors = createAnchors(tf, vars);
      let input = start;
      for (let node = 0; node < nodes; node++) {
        const hidden = step(input);
        if (node === 0) input = operation(start, choose, 0);
        else {
          const reading = { scores: anchors.scores(hidden), node, settings, choose, read: anchors.read };
          input = operation(chooseNode(tf, { ...reading, at: 2 * node - 1 }), choose, 2 * node);
        }
        anchors.add(hidden, true);
      }
      return {};
    },
  };
};

/**
 * The controller of google-research's enas_lm (src/controller.py at blob 04a40eb1): node 0 is given and can
 * be read as zero, and the activations' softmax is their embedding.
 */
export const enasLmController = (settings: RnnControllerSettings): Controller => {
  const { nodes, activations, hiddenUnits, temperature, tanhConstant } = settings;
  const { 'operation/softmax': _softmax, ...parameters } = recurrenceParameters(hiddenUnits, activations);
  return {
    decisions: 2 * nodes,
    parameters,
    entropyOf: 'choices',
    run: (tf, vars, sequences, choose) => {
      const { start, step } = startRecurrence(tf, vars, sequences, settings);
      const table = vars['operation/embedding'] as Tensor;
      const anchors = createAnchors(tf, vars);
      anchors.add(tf.zeros(start.shape), true);
      let input = start;
      for (let node = 1; node <= nodes; node++) {
        const hidden = step(input);
        const reading = { scores: anchors.scores(hidden), node, settings, choose, read: anchors.read };
        const above = step(chooseNode(tf, { ...reading, at: 2 * node - 2 }));
        const scores = tf.matMul(above as never, table as never, false, true);
        const logits = single(tf, squash(tf, scores, temperature, tanhConstant));
        input = embed(tf, table, tf.reshape(choose(logits, 2 * node - 1), [sequences]));
        anchors.add(hidden, true);
      }
      return {};
    },
  };
};
