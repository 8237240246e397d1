import type { Json } from '../../core/json.ts';
import type { CurvePoint, ScoredGenotype, SearchResult } from '../../job/program-result.ts';
import type { SearchSpec } from '../../job/program-spec.ts';
import { deriveSeed } from '../../core/random.ts';
import { enas } from '../../search/one-job/enas.ts';
import { termsOf } from '../../task/terms.ts';
import { movingBaseline } from '../controllers/moving-baseline.ts';
import { compileController, type Sample } from '../controllers/policy-gradient.ts';
import type { TrainingProgram } from '../program.ts';
import { hashWeights } from './compiled-model.ts';
import { courseProgram, type Done } from './course-program.ts';
import { enasController, type SearchController } from './enas-controller.ts';
import { childrenOf, randomChild } from './searched-networks.ts';
import type { OneJobProgram } from './one-job-program.ts';
import type { LearningResources } from './resources.ts';
import { courseOf, type Place } from './segments.ts';
import { sharedWeights, type SharedWeightsState } from './shared-weights.ts';
import { batchAt } from '../tasks/feed.ts';
import type { Children, Score } from '../tasks/tensor-task.ts';
import { scoredAt } from './tally.ts';
import { amended, noEpochs } from './training-epochs.ts';
import { group, prefixed } from '../graph/variable-groups.ts';

type Phase = 'shared-weights' | 'controller' | 'deriving';

/** Sums over the architectures that the controller drew in its present phase. */
type ControllerTally = {
  readonly reward: number;
  readonly entropy: number;
  /** Skip connections made. */
  readonly skips: number;
  readonly architectures: number;
};
const emptyControllerTally: ControllerTally = { reward: 0, entropy: 0, skips: 0, architectures: 0 };

type State = SharedWeightsState & {
  readonly controller: ControllerTally;
  /** Rewards (entropy included) of the architectures drawn for the controller's next step. */
  readonly rewards: readonly number[];
  /** Moving average of the rewards. */
  readonly baseline: number;
  /** One for each candidate scored so far. */
  readonly scores: readonly Score[];
};

/**
 * Stage 1 by ENAS (Pham et al. 2018, §2.2): an epoch of the shared weights ω and `updates` steps of the
 * controller θ in turns. One step of the program is one minibatch.
 *
 * Shared weights: each training minibatch trains one architecture drawn from the controller. Controller: each
 * architecture is rewarded by its score on the next shuffled validation minibatch, or by `rewardConstant` over
 * its perplexity there, plus the weighted
 * entropy of its distributions; after every `samples` rewards there is one step of REINFORCE with a
 * moving-average baseline, which begins at 0 and moves with every reward. Deriving: `candidates`
 * architectures drawn at last, all scored on one validation minibatch. Scores and rewards use the batch-norm
 * statistics that the space's authors use: running ones for whole networks (melodyguan/enas 4bcfd73,
 * `general_child.py:691`), those of the minibatch for cells (`micro_child.py:804`). Images that do not fill
 * the last minibatch of a pass are left out of that pass.
 */
export const enasSearch = async (
  spec: SearchSpec<'enas'>,
  children: Children,
  { controller, genotypeOf: decided, anchors }: SearchController,
  resources: LearningResources,
): Promise<TrainingProgram> => {
  const { recipe, strategy } = spec;
  const { task } = resources;
  const { epochs } = recipe;
  const {
    updates,
    samples,
    learningRate,
    beta1,
    epsilon,
    entropyWeight,
    baselineDecay,
    skipWeight,
    rewardConstant,
  } = strategy.controller;
  const feeds = await task.open(resources.data, spec, 'search');
  const rewardFeed = feeds.drawn('reward-data');
  const shared = await sharedWeights(spec, children, resources, feeds, [rewardFeed]);
  const rewarded = updates * samples;
  const course = courseOf<Phase>(enas.course(strategy, recipe, feeds.cuts));
  const policy = await compileController(resources.tf, controller, {
    learningRate,
    beta1,
    epsilon,
    penaltyWeight: skipWeight,
    sequences: samples,
    seed: deriveSeed(spec.seed, 'controller'),
  });

  let block: { readonly name: string; readonly samples: readonly Sample[] } | undefined;
  /**
   * Architecture number `unit` of a phase. They are drawn in blocks of `samples`, with the controller's
   * present parameters, which do not change within a block: a restored program draws the same again.
   */
  const drawn = (phase: Phase, index: number, unit: number): Sample => {
    const number = Math.floor(unit / samples);
    const name = `${phase}/${index}/${number}`;
    if (block?.name !== name)
      block = { name, samples: policy.sample([deriveSeed(spec.seed, phase, index), number]) };
    return block.samples[unit % samples] as Sample;
  };
  const genotypeOf = ({ choices }: Sample): Json => decided(choices);
  /** The minibatch that scores the architecture at a position of the controller's phases or of the last. */
  const scoreBatch = ({ index, unit }: Place) => batchAt(rewardFeed, index * rewarded + unit);
  /** Skip connections that an architecture could make. */
  const possibleSkips = anchors.reduce((sum, [, bits]) => sum + bits, 0);
  const skipsOf = ({ choices }: Sample): number =>
    anchors.flatMap(([first, bits]) => choices.slice(first, first + bits)).reduce((sum, bit) => sum + bit, 0);

  const { metric } = termsOf(spec.data.task);
  /** What a score is worth to the controller. */
  const rewardOf = (score: number): number =>
    rewardConstant === undefined ? score : rewardConstant / metric.value(score);

  const trainOne = (state: State, at: Place): Promise<Done<State>> =>
    shared.train(state, at, genotypeOf(drawn('shared-weights', at.index, at.unit)));

  /** A step of the controller from the rewards of a whole block; the new baseline. */
  const reinforce = (old: number, epoch: number, unit: number, rewards: readonly number[]): number => {
    const { advantages, baseline } = movingBaseline(old, rewards, baselineDecay);
    const first = unit - (samples - 1);
    policy.reinforce(
      advantages.map((advantage, i) => ({
        choices: drawn('controller', epoch, first + i).choices,
        advantage,
      })),
    );
    return baseline;
  };

  const rewardOne = async (state: State, at: Place): Promise<Done<State>> => {
    const { index: epoch, unit, isLastUnit } = at;
    const sample = drawn('controller', epoch, unit);
    const { latest, cost } = shared.score(state.cost, genotypeOf(sample), rewardFeed, await scoreBatch(at));
    const reward = rewardOf(task.score(latest));
    const rewards = [...state.rewards, reward + entropyWeight * sample.entropy];
    const whole = rewards.length === samples;
    const baseline = whole ? reinforce(state.baseline, epoch, unit, rewards) : state.baseline;
    const tally = {
      reward: state.controller.reward + reward,
      entropy: state.controller.entropy + sample.entropy,
      skips: state.controller.skips + skipsOf(sample),
      architectures: state.controller.architectures + 1,
    };
    const { architectures } = tally;
    const described = (): NonNullable<CurvePoint['controller']> => ({
      reward: tally.reward / architectures,
      baseline,
      entropy: tally.entropy / architectures,
      ...(possibleSkips > 0 && { skipRate: tally.skips / (architectures * possibleSkips) }),
    });
    return {
      state: {
        ...state,
        rewards: whole ? [] : rewards,
        baseline,
        controller: isLastUnit ? emptyControllerTally : tally,
        curve: isLastUnit ? amended(state.curve, { controller: described() }) : state.curve,
        cost,
      },
      latest,
    };
  };

  const deriveOne = async (state: State, at: Place): Promise<Done<State>> => {
    const genotype = genotypeOf(drawn('deriving', at.index, at.unit));
    const { latest, cost } = shared.score(
      state.cost,
      genotype,
      rewardFeed,
      await scoreBatch({ ...at, unit: 0 }),
    );
    return { state: { ...state, scores: scoredAt(state.scores, at.unit, latest), cost }, latest };
  };

  return courseProgram<Phase, State>({
    task,
    course,
    initial: {
      ...noEpochs(task),
      controller: emptyControllerTally,
      rewards: [],
      baseline: 0,
      scores: [],
      cost: { multiplyAdds: 0, images: 0 },
    },
    units: { 'shared-weights': trainOne, controller: rewardOne, deriving: deriveOne },
    read: () => ({ ...prefixed('shared', shared.read()), ...prefixed('controller', policy.read()) }),
    write: (tensors) => {
      shared.write(group('shared', tensors));
      policy.write(group('controller', tensors));
      block = undefined;
    },
    result: (state): SearchResult => ({
      kind: 'search',
      candidates: state.scores
        .map((score, i): ScoredGenotype => ({
          genotype: children.space.print(genotypeOf(drawn('deriving', epochs, i))),
          score: task.score(score),
        }))
        // A stable sort: equal scores keep the order of drawing.
        .sort((a, b) => b.score - a.score),
      curve: state.curve,
      cost: state.cost,
      weightsSha256: hashWeights({ ...shared.read(), ...policy.read() }),
    }),
    dispose: () => {
      shared.dispose();
      policy.dispose();
    },
  });
};

export const enasProgram: OneJobProgram<'enas'> = {
  create: (spec, resources) => enasSearch(spec, childrenOf(spec, resources), enasController(spec), resources),
  describe: randomChild,
};
