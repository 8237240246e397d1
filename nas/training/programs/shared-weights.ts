import type { Json } from '../../core/json.ts';
import type { ProgramTask } from '../../job/program-spec.ts';
import type { TrainingCost } from '../../job/program-result.ts';
import { deriveSeed } from '../../core/random.ts';
import type { Snapshot } from '../program.ts';
import { compileModel } from './compiled-model.ts';
import type { Done } from './course-program.ts';
import type { LearningResources } from './resources.ts';
import type { Place } from './segments.ts';
import type { Feed, Minibatch, ProgramFeeds } from '../tasks/feed.ts';
import type { Children, Tally } from '../tasks/tensor-task.ts';
import { addCost } from './tally.ts';
import { trained, type TrainingEpochs } from './training-epochs.ts';
import { trainingStep } from './training-step.ts';

/** What the state of a search with shared weights holds of them. */
export type SharedWeightsState = TrainingEpochs & { readonly cost: TrainingCost };

/** The weights that all children of a space share, trained and scored through one child at a time. */
interface SharedWeights {
  /** Trains through a genotype on the minibatch at a place whose index is an epoch. */
  train<State extends SharedWeightsState>(state: State, at: Place, genotype: Json): Promise<Done<State>>;
  /** Scores a genotype on a minibatch of a feed; the loss may not be finite. */
  score(
    before: TrainingCost,
    genotype: Json,
    feed: Feed,
    batch: Minibatch,
  ): { readonly latest: Tally; readonly cost: TrainingCost };
  read(): Snapshot['tensors'];
  write(tensors: Snapshot['tensors']): void;
  dispose(): void;
}

/** Examples that do not fill the last minibatch of an epoch are left out of that epoch. */
export const sharedWeights = async (
  spec: ProgramTask,
  children: Children,
  { tf, task }: LearningResources,
  feeds: ProgramFeeds,
  scored: readonly Feed[],
): Promise<SharedWeights> => {
  const { recipe, seed } = spec;
  const feed = feeds.training('train', 'data');
  const compiled = await compileModel(tf, children.model, recipe, { train: [feed], evaluate: scored }, task);
  const stepAt = trainingStep(feed, recipe);
  const inputs = (genotype: Json) => ({ path: children.path(genotype) });
  return {
    train: async (state, at, genotype) => {
      const { batch, learningRate, place } = await stepAt(at);
      const latest = compiled.train(
        feed,
        batch,
        { learningRate, seed: [deriveSeed(seed, 'masks'), place.update], place },
        inputs(genotype),
      );
      const minibatch = { update: place.update, learningRate, tally: latest, batches: [batch] };
      const cost = addCost(state.cost, batch.valid, 3, children.multiplyAdds(genotype));
      return { state: { ...state, ...trained(task, state, at, minibatch), cost }, latest };
    },
    score: (before, genotype, of, batch) => ({
      latest: compiled.evaluate(of, batch, inputs(genotype)),
      cost: addCost(before, batch.valid, 1, children.multiplyAdds(genotype)),
    }),
    read: () => compiled.read(),
    write: (tensors) => compiled.write(tensors),
    dispose: () => {
      for (const of of [feed, ...scored]) void of.close();
      compiled.dispose();
    },
  };
};
