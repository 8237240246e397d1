import type { Json } from '../../core/json.ts';
import type { ScoredGenotype, SearchResult } from '../../job/program-result.ts';
import type { SearchSpec } from '../../job/program-spec.ts';
import { deriveSeed, randomFromSeed } from '../../core/random.ts';
import { smash } from '../../search/one-job/smash.ts';
import type { ImageTypes } from '../../task/images/image-classification.ts';
import type { ImageManifest } from '../../task/images/manifest.ts';
import type { TrainingProgram } from '../program.ts';
import { hashWeights } from './compiled-model.ts';
import { courseProgram, type Done } from './course-program.ts';
import type { OneJobProgram } from './one-job-program.ts';
import type { LearningResources } from './resources.ts';
import { randomGenerated, smashNetworkFor } from '../tasks/images/smash-network.ts';
import { courseOf, type Place } from './segments.ts';
import { sharedWeights, type SharedWeightsState } from './shared-weights.ts';
import type { ImageSource } from '../tasks/images/image-data.ts';
import type { Children, Score } from '../tasks/tensor-task.ts';
import { scoredAt } from './tally.ts';
import { noEpochs } from './training-epochs.ts';

type Phase = 'training' | 'scoring' | 'perturbing';

type State = SharedWeightsState & {
  /** One for each architecture scored so far: sampled ones, then perturbed ones. */
  readonly scores: readonly Score[];
};

/**
 * Stage 1 by SMASH (Brock et al. 2018, algorithm 1 and §4). One step is one minibatch.
 *
 * Training: each minibatch trains the HyperNet and the freely learned weights through one sampled
 * architecture. Scoring: each of `candidates` sampled architectures by its accuracy with generated weights,
 * all on the same validation images. Perturbing, as the authors' code (ajbrock/SMASH 76aebd1,
 * `evaluate.py:59–90`): `perturbations` of the best of those, then a Markov chain of `chain` steps, each of
 * which perturbs the best of all so far. Images that do not fill the last minibatch of a pass are left out of
 * that pass.
 */
export const smashSearch = async (
  spec: SearchSpec<'smash'>,
  children: Children,
  resources: LearningResources,
): Promise<TrainingProgram> => {
  const { recipe, strategy, seed } = spec;
  const { task } = resources;
  const { space } = children;
  const { candidates: sampled, perturbations } = strategy;
  const feeds = await task.open(resources.data, spec, 'search');
  const feed = feeds.inOrder('validation');
  const shared = await sharedWeights(spec, children, resources, feeds, [feed]);
  const course = courseOf<Phase>(smash.course(strategy, recipe, feeds.cuts));

  /**
   * The best of the first `count` architectures; of equal ones the earliest, so that a chain moves only
   * upwards.
   */
  const bestOf = ({ scores }: State, count: number): number =>
    scores
      .slice(0, count)
      .reduce((best, score, i) => (task.score(score) > task.score(scores[best] as Score) ? i : best), 0);
  let known: Json[] = [];
  /** Architecture number `index`: which one it is depends on the seed and the scores before it alone. */
  const architecture = (state: State, index: number): Json => {
    const made = known[index];
    if (made !== undefined) return made;
    const random = randomFromSeed(deriveSeed(seed, 'architecture', index));
    const genotype =
      index < sampled
        ? space.sample(random)
        : space.mutate(
            architecture(state, bestOf(state, index < sampled + perturbations ? sampled : index)),
            random,
          );
    known[index] = genotype;
    return genotype;
  };

  const trainOne = (state: State, at: Place): Promise<Done<State>> => {
    const random = randomFromSeed(deriveSeed(seed, 'trained', at.index, at.unit));
    return shared.train(state, at, space.sample(random));
  };
  const scoreOne = async (state: State, { index, unit }: Place): Promise<Done<State>> => {
    const genotype = architecture(state, index);
    const { latest, cost } = shared.score(state.cost, genotype, feed, await feed.batch(0, unit));
    return { state: { ...state, scores: scoredAt(state.scores, index, latest), cost }, latest };
  };

  return courseProgram<Phase, State>({
    task,
    course,
    initial: { ...noEpochs(task), scores: [], cost: { multiplyAdds: 0, images: 0 } },
    units: { training: trainOne, scoring: scoreOne, perturbing: scoreOne },
    read: () => shared.read(),
    write: (tensors) => {
      shared.write(tensors);
      known = [];
    },
    result: (state): SearchResult => ({
      kind: 'search',
      candidates: state.scores
        .map((score, index): ScoredGenotype => ({
          genotype: space.print(architecture(state, index)),
          score: task.score(score),
        }))
        // A stable sort: equal scores keep the order of scoring.
        .sort((a, b) => b.score - a.score),
      curve: state.curve,
      cost: state.cost,
      weightsSha256: hashWeights(shared.read()),
    }),
    dispose: () => shared.dispose(),
  });
};

/** Its one space is one of images. */
export const smashProgram: OneJobProgram<'smash'> = {
  create: (spec, resources) =>
    smashSearch(
      spec,
      smashNetworkFor(
        resources.tf,
        resources.data as ImageSource,
        spec as unknown as SearchSpec<'smash', ImageTypes>,
      ),
      resources,
    ),
  describe: (spec, manifest) =>
    randomGenerated(spec as unknown as SearchSpec<'smash', ImageTypes>, manifest as ImageManifest),
};
