import type { Batch } from '../../nas/task/images/batches.ts';
import type { ImageRecipe } from '../../nas/task/images/recipe.ts';
import type { Tf } from '../../nas/training/graph/tensor.ts';
import type { Classifier } from '../../nas/training/networks/classifier.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import {
  compileModel,
  type CompiledModel,
  type StepSettings,
} from '../../nas/training/programs/compiled-model.ts';
import { imageClassification } from '../../nas/training/tasks/images/image-classification.ts';
import { imageBatch, imageShapes } from '../../nas/training/tasks/images/image-data.ts';
import { imageModel } from '../../nas/training/tasks/images/image-model.ts';
import type { Tally } from '../../nas/training/tasks/tensor-task.ts';

type Inputs = Readonly<Record<string, HostTensor>>;

/** A classifier, compiled for minibatches of images of one shape that are made by hand. */
export interface CompiledImages extends Pick<CompiledModel, 'read' | 'write' | 'dispose'> {
  train(batch: Batch, settings: Omit<StepSettings, 'place'>, inputs?: Inputs): Tally;
  evaluate(batch: Batch, inputs?: Inputs): Tally;
}

export const compileImages = async (
  tf: Tf,
  classifier: Classifier,
  recipe: ImageRecipe,
  shape: readonly [number, number, number, number],
): Promise<CompiledImages> => {
  const feed = imageShapes('images', shape);
  const model = imageModel(tf, classifier, recipe, () => recipe.dropPath);
  const compiled = await compileModel(
    tf,
    model,
    recipe,
    { train: [feed], evaluate: [feed] },
    imageClassification,
  );
  const place = { update: 0, epoch: 0, index: 0, steps: 1 };
  return {
    train: (batch, settings, inputs) =>
      compiled.train(feed, imageBatch(shape, batch), { ...settings, place }, inputs),
    evaluate: (batch, inputs) => compiled.evaluate(feed, imageBatch(shape, batch), inputs),
    read: () => compiled.read(),
    write: (tensors) => compiled.write(tensors),
    dispose: () => compiled.dispose(),
  };
};
