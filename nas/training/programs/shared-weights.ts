import type { Json } from '../../core/json.ts';
import type { ProgramTask, TrainingCost } from '../../job/job.ts';
import { deriveSeed } from '../../core/random.ts';
import { batchAt } from '../../task/images/batches.ts';
import type { Snapshot } from '../program.ts';
import { learningRate } from '../optimizers/schedules.ts';
import { compileClassifier } from './compiled-model.ts';
import type { Done } from './course-program.ts';
import type { GatedSupernet } from '../tasks/images/gated-supernet.ts';
import type { LearningResources } from './resources.ts';
import type { Place } from './segments.ts';
import { imageSpec, searchImages, type SearchImages } from '../tasks/images/image-data.ts';
import type { Minibatch, Tally } from '../tasks/tensor-task.ts';
import { addCost } from './tally.ts';
import { trained, type TrainingEpochs } from './training-epochs.ts';

/** What the state of a search with shared weights holds of them. */
export type SharedWeightsState = TrainingEpochs & { readonly cost: TrainingCost };

/**
 * The weights that all genotypes of a gated supernet share, trained and scored through one genotype at a
 * time.
 */
interface SharedWeights {
  readonly images: SearchImages;
  /** Minibatches of training. */
  readonly batchesPerEpoch: number;
  /** Trains through a genotype on the minibatch at a place whose index is an epoch. */
  train<State extends SharedWeightsState>(state: State, at: Place, genotype: Json): Promise<Done<State>>;
  /** Scores a genotype on a minibatch; the loss may not be finite. */
  score(
    before: TrainingCost,
    genotype: Json,
    batch: Minibatch,
  ): { readonly latest: Tally; readonly cost: TrainingCost };
  read(): Snapshot['tensors'];
  write(tensors: Snapshot['tensors']): void;
  dispose(): void;
}

/** Images that do not fill the last minibatch of an epoch are left out of that epoch. */
export const sharedWeights = async (
  spec: ProgramTask,
  supernet: GatedSupernet,
  { tf, data, task }: LearningResources,
): Promise<SharedWeights> => {
  const { recipe, seed } = spec;
  const images = searchImages(await data.open('train'), spec);
  const feed = images.training(images.train, 'data');
  const { batchesPerEpoch } = feed;
  const compiled = await compileClassifier(tf, supernet.classifier, imageSpec(spec).recipe, feed.shape, task);
  const inputs = (genotype: Json) => ({ path: supernet.path(genotype) });
  return {
    images,
    batchesPerEpoch,
    train: async (state, at, genotype) => {
      const update = at.index * batchesPerEpoch + at.unit;
      const batch = await batchAt(feed, update);
      const rate = learningRate(recipe, update, batchesPerEpoch);
      const latest = compiled.train(
        batch,
        { learningRate: rate, dropPath: 0, seed: [deriveSeed(seed, 'masks'), update] },
        inputs(genotype),
      );
      const minibatch = { update, learningRate: rate, tally: latest, batches: [batch] };
      const cost = addCost(state.cost, batch.valid, 3, supernet.multiplyAdds(genotype));
      return { state: { ...state, ...trained(task, state, at, minibatch), cost }, latest };
    },
    score: (before, genotype, batch) => ({
      latest: compiled.evaluate(batch, inputs(genotype)),
      cost: addCost(before, batch.valid, 1, supernet.multiplyAdds(genotype)),
    }),
    read: () => compiled.read(),
    write: (tensors) => compiled.write(tensors),
    dispose: () => {
      void feed.close();
      compiled.dispose();
    },
  };
};
