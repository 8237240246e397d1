import type { ImageRecipe } from '../../../task/images/recipe.ts';
import type { StepPlace } from '../../graph/scheduled.ts';
import type { Tensor, Tensors, Tf } from '../../graph/tensor.ts';
import type { Classifier } from '../../networks/classifier.ts';
import type { HostTensor } from '../../program.ts';
import type { EvaluationPass, Model, TrainPass } from '../model.ts';
import { countCorrect, crossEntropy } from './losses.ts';

/**
 * Drop-path probability of a step (counted from 0): it rises linearly to the recipe's (Zoph et al. 2018,
 * §A.7), once an epoch from zero (quark0/darts f276dd3, `cnn/train.py:100`), or with every step, of which the
 * first counts (melodyguan/enas 4bcfd73, `micro_child.py:202–204`).
 */
export const dropPathProbability = (
  { dropPath, dropPathRises = 'epoch', epochs }: Pick<ImageRecipe, 'dropPath' | 'dropPathRises' | 'epochs'>,
  step: number,
  stepsPerEpoch: number,
): number =>
  dropPathRises === 'step'
    ? dropPath * Math.min(1, (step + 1) / (epochs * stepsPerEpoch))
    : (dropPath * Math.floor(step / stepsPerEpoch)) / epochs;

const scalar = (value: number): HostTensor => ({
  dtype: 'float32',
  shape: [],
  data: Float32Array.of(value),
});

interface LabelledImages {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** The tensors of a minibatch of images. */
export const labelled = (batch: Tensors): LabelledImages => batch as unknown as LabelledImages;

/** How many of a minibatch are classified correctly. */
export const correctOf = (tf: Tf, logits: Tensor, labels: Tensor): Tensors => ({
  correct: countCorrect(tf, logits, labels),
});

/**
 * Of logits. Padding has the label −1: its one-hot target is zero, so that it adds no loss, and no prediction
 * equals it.
 */
export const evaluated = (tf: Tf, logits: Tensor, labels: Tensor): EvaluationPass => ({
  loss: tf.mul(crossEntropy(tf, logits, labels), labels.shape[0] as number),
  sums: correctOf(tf, logits, labels),
});

/**
 * A classifier with its loss: the mean cross entropy of the minibatch, with the recipe's label smoothing,
 * plus `auxiliaryWeight` times that of the auxiliary head, where the network has one.
 *
 * @param dropPathAt drop-path probability of a step, where the recipe has any; as trained networks by
 * default.
 */
export const imageModel = (
  tf: Tf,
  classifier: Classifier,
  recipe: ImageRecipe,
  dropPathAt: (place: StepPlace) => number = ({ epoch, index, steps }) =>
    dropPathProbability(recipe, epoch * steps + index, steps),
): Model => {
  const { dropPath, dropout, labelSmoothing, auxiliaryWeight } = recipe;
  const { weights, buffers, grouping, inputs } = classifier;
  return {
    weights,
    buffers,
    ...(grouping && { grouping }),
    inputs,
    ...(dropPath > 0 && {
      scheduled: {
        inputs: { dropPath: { shape: [], dtype: 'float32' } },
        at: (place) => ({ dropPath: scalar(dropPathAt(place)) }),
      },
    }),
    train: ({ batch, seed, scheduled, carried: _, ...call }): TrainPass => {
      const { x, y } = labelled(batch);
      const outputs = classifier.train({
        ...call,
        x,
        drop: {
          seed: seed as Tensor,
          ...(dropPath > 0 && { dropPath: scheduled['dropPath'] as Tensor }),
          ...(dropout > 0 && { dropout: tf.scalar(dropout) }),
        },
      });
      const main = crossEntropy(tf, outputs.logits, y, labelSmoothing);
      const loss = outputs.auxiliary
        ? tf.add(main, tf.mul(crossEntropy(tf, outputs.auxiliary, y, labelSmoothing), auxiliaryWeight))
        : main;
      return {
        loss,
        main,
        sums: correctOf(tf, outputs.logits, y),
        buffers: outputs.buffers,
        ...(outputs.gatedBuffers && { gatedBuffers: outputs.gatedBuffers }),
      };
    },
    evaluate: ({ batch, carried: _, ...call }) => {
      const { x, y } = labelled(batch);
      return evaluated(tf, classifier.evaluate({ ...call, x }), y);
    },
  };
};
