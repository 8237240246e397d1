import type { Json } from '../../core/json.ts';
import type { ScoredGenotype, SearchResult } from '../../job/program-result.ts';
import type { SearchSpec } from '../../job/program-spec.ts';
import { deriveSeed, randomFromSeed, randomFromState, type RandomState } from '../../core/random.ts';
import { randomWeightSharing } from '../../search/one-job/random-weight-sharing.ts';
import type { TrainingProgram } from '../program.ts';
import { hashWeights } from './compiled-model.ts';
import { courseProgram, type Done } from './course-program.ts';
import { childrenOf, randomChild } from './searched-networks.ts';
import type { OneJobProgram } from './one-job-program.ts';
import type { LearningResources } from './resources.ts';
import { courseOf, type Place } from './segments.ts';
import { sharedWeights, type SharedWeightsState } from './shared-weights.ts';
import { batchAt } from '../tasks/feed.ts';
import type { Children, Score } from '../tasks/tensor-task.ts';
import { scoredAt } from './tally.ts';
import { noEpochs } from './training-epochs.ts';

type Phase = 'training' | 'scoring' | 're-scoring';

type State = SharedWeightsState & {
  /** Generator of the training paths; its state when training ends also gives the candidates. */
  readonly architectures: RandomState;
  /** One for each candidate scored so far. */
  readonly scores: readonly Score[];
  /** Candidates to re-score, best first. */
  readonly finalists: readonly number[];
  readonly rescores: readonly Score[];
};

/**
 * Stage 1 by random search with weight sharing (Li & Talwalkar 2019, §3.2 and §4.2). One step is one
 * minibatch.
 *
 * Training: each minibatch trains the shared weights through one uniformly sampled cell; only the sampled
 * operations compute. Scoring: each of `candidates` uniformly sampled cells by its score on the next
 * `scoreMinibatches` of the shuffled validation minibatches; the `rescore` best of each of `rounds` equal
 * rounds then on the whole validation set, which decides.
 *
 * With `scoreStatistics: running`, as in the authors' code (liamcli/randomNAS_release 6513a0a,
 * `benchmarks/cnn/darts/darts_wrapper_discrete.py:180–190`), batch norm scores by its running statistics, so
 * that a score depends on the cell and its images, and not on which other images share the minibatch. With
 * `batch`, as in NAS-Bench-201's searches (Dong & Yang 2020, §5), it uses those of the minibatch, so that a
 * cell is not judged by statistics of others. Deviation: the authors' code runs every operation on every
 * minibatch and multiplies by 0 or 1 (`:227–256`), which moves the statistics of all operations; here only
 * those of the sampled operations move. Images that do not fill the last minibatch of a pass are left out of
 * that pass.
 */
export const weightSharingSearch = async (
  spec: SearchSpec<'random-weight-sharing'>,
  children: Children,
  resources: LearningResources,
): Promise<TrainingProgram> => {
  const { recipe, strategy } = spec;
  const { task } = resources;
  const roundSize = strategy.candidates / strategy.rounds;
  const feeds = await task.open(resources.data, spec, 'search');
  // Scoring draws minibatches at random, as the training order does.
  const scoreFeed = feeds.drawn('score-data');
  const rescoreFeed = feeds.inOrder('validation');
  const shared = await sharedWeights(spec, children, resources, feeds, [scoreFeed, rescoreFeed]);
  const course = courseOf<Phase>(randomWeightSharing.course(strategy, recipe, feeds.cuts));

  let sampled: readonly Json[] | undefined;
  const candidate = (state: State, index: number): Json => {
    if (!sampled) {
      const random = randomFromState(state.architectures);
      sampled = Array.from({ length: strategy.candidates }, () => children.space.sample(random));
    }
    return sampled[index] as Json;
  };
  /** Candidates from best to worst; equal scores keep the order of sampling. */
  const ranking = ({ scores }: State): number[] =>
    scores
      .map((score, index) => ({ index, value: task.score(score) }))
      .sort((a, b) => b.value - a.value || a.index - b.index)
      .map(({ index }) => index);

  /** The best of each round, together from best to worst. */
  const finalistsOf = (state: State): number[] => {
    const taken = Array<number>(strategy.rounds).fill(0);
    return ranking(state).filter((index) => {
      const round = Math.floor(index / roundSize);
      const before = taken[round] as number;
      taken[round] = before + 1;
      return before < strategy.rescore;
    });
  };

  const trainOne = (state: State, at: Place): Promise<Done<State>> => {
    const random = randomFromState(state.architectures);
    const genotype = children.space.sample(random);
    return shared.train({ ...state, architectures: random.state() }, at, genotype);
  };

  const scoreOne = async (state: State, { index, unit }: Place): Promise<Done<State>> => {
    const batch = await batchAt(scoreFeed, index * strategy.scoreMinibatches + unit);
    const { latest, cost } = shared.score(state.cost, candidate(state, index), scoreFeed, batch);
    return { state: { ...state, scores: scoredAt(state.scores, index, latest), cost }, latest };
  };

  const rescoreOne = async (state: State, { index, unit }: Place): Promise<Done<State>> => {
    const finalists = index === 0 && unit === 0 ? finalistsOf(state) : state.finalists;
    const genotype = candidate(state, finalists[index] as number);
    const { latest, cost } = shared.score(
      state.cost,
      genotype,
      rescoreFeed,
      await rescoreFeed.batch(0, unit),
    );
    const rescores = scoredAt(state.rescores, index, latest);
    return { state: { ...state, finalists, rescores, cost }, latest };
  };

  const candidates = (state: State): ScoredGenotype[] => {
    const described = ranking(state).map((index): ScoredGenotype => {
      const place = state.finalists.indexOf(index);
      return {
        genotype: children.space.print(candidate(state, index)),
        score: task.score(state.scores[index] as Score),
        ...(place >= 0 && { rescored: task.score(state.rescores[place] as Score) }),
      };
    });
    const finalists = described.filter(({ rescored }) => rescored !== undefined);
    // A stable sort: equal re-scores keep the order of the first scores.
    finalists.sort((a, b) => (b.rescored as number) - (a.rescored as number));
    return [...finalists, ...described.filter(({ rescored }) => rescored === undefined)];
  };

  return courseProgram<Phase, State>({
    task,
    course,
    initial: {
      architectures: randomFromSeed(deriveSeed(spec.seed, 'architectures')).state(),
      ...noEpochs(task),
      scores: [],
      finalists: [],
      rescores: [],
      cost: { multiplyAdds: 0, images: 0 },
    },
    units: { training: trainOne, scoring: scoreOne, 're-scoring': rescoreOne },
    read: () => shared.read(),
    write: (tensors) => {
      shared.write(tensors);
      sampled = undefined;
    },
    result: (state): SearchResult => ({
      kind: 'search',
      candidates: candidates(state),
      curve: state.curve,
      cost: state.cost,
      weightsSha256: hashWeights(shared.read()),
    }),
    dispose: () => shared.dispose(),
  });
};

export const weightSharingProgram: OneJobProgram<'random-weight-sharing'> = {
  create: (spec, resources) =>
    weightSharingSearch(spec, childrenOf(spec, resources, spec.strategy.scoreStatistics), resources),
  describe: randomChild,
};
