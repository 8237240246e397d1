import type { z } from 'zod';
import type { Json } from '../../core/json.ts';
import { randomFromSeed, deriveSeed } from '../../core/random.ts';
import type { Random } from '../../core/random.ts';
import type { Decisions, Space } from '../../space/space.ts';
import { controllerShapes, controllerSize } from './controller-math.ts';
import type { ControllerEpisode, ControllerMath, ControllerShape } from './controller-math.ts';
import { createServer, pull, push } from './parameter-server.ts';
import type { ParameterServer } from './parameter-server.ts';
import { checkPopulation } from './population.ts';
import { advantage, freshScale, updateScale, worseOf } from './reward-scale.ts';
import type { RewardScale } from './reward-scale.ts';
import type { StrategyContext, StrategyDefinition } from '../strategy.ts';

/** Options that every search by a recurrent controller shares. */
interface ControllerSearchOptions {
  /** Units of each LSTM layer. */
  readonly units: number;
  /** K: replicas of the controller, each with a round of children under way. */
  readonly replicas: number;
  /** m: networks to a round, and to a gradient. */
  readonly children: number;
  /** S: pieces of the shared parameters; a layout, which changes no number. */
  readonly shards: number;
  /**
   * Latest versions of the parameters that are kept besides those that replicas hold, which are known late
   * where a state is rebuilt from results alone; null: K − 1.
   */
  readonly staleness: number | null;
  readonly learningRate: number;
  readonly baselineDecay: number;
  readonly entropyWeight: number;
  /** Passes of one round's gradient (1 but for PPO). */
  readonly epochs: number;
  /** ε of PPO's clipped surrogate; null for REINFORCE. */
  readonly clip: number | null;
}

interface ControllerDesign {
  readonly layers: number;
  /** Initial parameters are uniform in ± this. */
  readonly initial: number;
  /** What the controller is rewarded with for a score. */
  readonly reward: (score: number) => number;
}

/** A child whose result has come; `score` null where the network failed. */
type Child = ControllerEpisode & { readonly child: number; readonly score: number | null };
type Replica = {
  readonly round: number;
  readonly version: number;
  readonly level: number;
  readonly issued: number;
  readonly done: readonly Omit<Child, 'advantage'>[];
};
type Model = {
  readonly server: ParameterServer;
  readonly replicas: readonly Replica[];
  readonly scale: RewardScale;
  /** Lowest reward so far. */
  readonly worst: number | null;
};
type Note = {
  readonly replica: number;
  readonly round: number;
  readonly child: number;
  readonly version: number;
  readonly level: number;
  readonly logProbability: number;
};

type Context<O> = StrategyContext<O>;

/**
 * Draws that give no valid genotype are repeated; after this many a uniform sample of the space takes their
 * place.
 */
const MAX_DRAWS = 200;

const levelsOf = (space: Space): readonly Decisions<Json>[] =>
  space.levels?.map(({ decisions }) => decisions) ?? (space.decisions === undefined ? [] : [space.decisions]);

const mathOf = ({ ports }: Pick<Context<unknown>, 'ports'>): ControllerMath => {
  if (ports.controller === undefined)
    throw new TypeError('a recurrent controller was bound without the port `controller`');
  return ports.controller;
};

/** The first replica with a round of which children are still to be proposed, else the first that is idle. */
const nextReplica = (replicas: readonly Replica[], children: number): number => {
  const started = replicas.findIndex(({ issued }) => issued > 0 && issued < children);
  return started >= 0 ? started : replicas.findIndex(({ issued }) => issued === 0);
};

const uniformInit = (size: number, range: number, random: Random): Float32Array =>
  Float32Array.from({ length: size }, () => (2 * random.uniform() - 1) * range);

/**
 * Search by a recurrent controller whose K replicas share parameters. A replica pulls them, proposes a round
 * of m children, and when the last result of the round is in, the round's gradient is applied. A version of
 * the parameters is kept for as long as a replica's round was drawn from it. With fewer trials under way than
 * K · m, fewer replicas are busy. In a space of levels the controller starts on the first and moves on to the
 * next every `growEvery` trials; all levels share its parameters. An infeasible network counts as the lowest
 * reward so far.
 */
export const controllerSearch = <O extends ControllerSearchOptions & Json>(definition: {
  readonly name: string;
  readonly source: string;
  readonly options: (evaluations: number) => z.ZodType<O>;
  readonly design: ControllerDesign;
  /** Trials to a level; the last level at once where absent. */
  readonly growEvery?: (options: O) => number;
}): StrategyDefinition<O, Model> => {
  const { design, growEvery } = definition;
  const shapesOf = ({ space, options: { units } }: Context<O>): readonly ControllerShape[] =>
    controllerShapes(levelsOf(space), { layers: design.layers, hidden: units });
  const levelAt = (context: Context<O>, ordinal: number): number => {
    const levels = levelsOf(context.space).length;
    return growEvery === undefined
      ? levels - 1
      : Math.min(levels - 1, Math.floor(ordinal / growEvery(context.options)));
  };

  /**
   * A round's gradient steps: REINFORCE at the parameters it was drawn with, PPO at the moving present ones.
   */
  const applyRound = (
    { server, replicas }: Model,
    replica: Replica,
    episodes: readonly Child[],
    context: Context<O>,
  ) => {
    const { options: o } = context;
    const held = replicas.flatMap((other) => (other !== replica && other.issued > 0 ? [other.version] : []));
    const shape = shapesOf(context)[replica.level] as ControllerShape;
    const stale = o.clip === null ? pull(server, replica.version) : undefined;
    return push(server, (present) => mathOf(context).gradient(shape, stale ?? present, episodes, o), {
      learningRate: o.learningRate,
      epochs: o.epochs,
      held,
      staleness: o.staleness ?? o.replicas - 1,
    });
  };

  const finishRound = (model: Model, at: number, context: Context<O>): Model => {
    const replica = model.replicas[at] as Replica;
    const { baselineDecay } = context.options;
    let { scale, worst } = model;
    const episodes = [...replica.done]
      .sort((a, b) => a.child - b.child)
      .flatMap((child): Child[] => {
        const reward = child.score === null ? undefined : design.reward(child.score);
        worst = worseOf(worst, reward);
        const counted = reward ?? worst;
        if (counted === null) return [{ ...child, advantage: 0 }];
        const episode = { ...child, advantage: advantage(scale, counted) };
        scale = updateScale(scale, counted, baselineDecay);
        return [episode];
      });
    return {
      server: applyRound(model, replica, episodes, context),
      scale,
      worst,
      replicas: model.replicas.map((other, i) =>
        i === at ? { round: replica.round + 1, version: 0, level: 0, issued: 0, done: [] } : other,
      ),
    };
  };

  return {
    name: definition.name,
    source: definition.source,
    options: definition.options,
    repeats: 'draws of a policy are independent, and repeat as it converges (Zoph & Le 2017, §3)',
    needsController: true,
    refuses: (space) =>
      levelsOf(space).length === 0 ? 'it needs genotypes that are fixed lists of choices' : undefined,
    // The first round of one replica is proposed before those of the others: it decides whether anything is
    // learnt.
    check: ({ options: { children }, evaluations }) => checkPopulation('children', children, evaluations),
    init: (context) => {
      const {
        seed,
        options: { replicas, shards },
      } = context;
      const size = controllerSize(shapesOf(context)[0] as ControllerShape);
      const random = randomFromSeed(deriveSeed(seed, definition.name, 'controller'));
      return {
        server: createServer(uniformInit(size, design.initial, random), shards),
        replicas: Array.from({ length: replicas }, () => ({
          round: 0,
          version: 0,
          level: 0,
          issued: 0,
          done: [],
        })),
        scale: freshScale,
        worst: null,
      };
    },
    propose: ({ server, replicas }, context) => {
      const { space, ordinal, random, options } = context;
      const at = nextReplica(replicas, options.children);
      const replica = replicas[at];
      if (replica === undefined) return undefined;
      const fresh = replica.issued === 0;
      const version = fresh ? server.version : replica.version;
      const level = fresh ? levelAt(context, ordinal) : replica.level;
      const decisions = levelsOf(space)[level] as Decisions<Json>;
      const shape = shapesOf(context)[level] as ControllerShape;
      const parameters = pull(server, version);
      const place = { replica: at, round: replica.round, child: replica.issued, version, level };
      const proposal = (genotype: Json, drawn?: ReturnType<ControllerMath['sample']>) => {
        const choices = decisions.toChoices(genotype);
        const logProbability =
          drawn !== undefined && choices.join() === drawn.choices.join()
            ? drawn.logProbability
            : mathOf(context).logProbability(shape, parameters, choices);
        return { genotype, note: { ...place, logProbability } };
      };
      for (let draw = 0; draw < MAX_DRAWS; draw++) {
        const uniforms = decisions.sizes.map(() => random.uniform());
        const drawn = mathOf(context).sample(shape, parameters, uniforms);
        const genotype = decisions.fromChoices(drawn.choices);
        if (genotype !== undefined) return proposal(genotype, drawn);
      }
      return proposal(space.sample(random));
    },
    register: (model, trial) => {
      const { replica: at, child, version, level } = trial.note as Note;
      return {
        ...model,
        replicas: model.replicas.map((replica, i) =>
          i === at ? { ...replica, version, level, issued: Math.max(replica.issued, child + 1) } : replica,
        ),
      };
    },
    learn: (model, results, context) =>
      results.reduce((now, { trial, score }) => {
        const { replica: at, child, level, logProbability } = trial.note as Note;
        const decisions = levelsOf(context.space)[level] as Decisions<Json>;
        const done = {
          child,
          score: score ?? null,
          choices: decisions.toChoices(trial.genotype),
          logProbability,
        };
        const told = {
          ...now,
          replicas: now.replicas.map((replica, i) =>
            i === at ? { ...replica, done: [...replica.done, done] } : replica,
          ),
        };
        return (told.replicas[at] as Replica).done.length === context.options.children
          ? finishRound(told, at, context)
          : told;
      }, model),
  };
};
