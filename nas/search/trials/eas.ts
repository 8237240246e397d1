import { z } from 'zod';
import type { Json } from '../../core/json.ts';
import { inputError } from '../../core/input-error.ts';
import { deriveSeed, randomFromSeed } from '../../core/random.ts';
import type { Random } from '../../core/random.ts';
import type { Growth, GrowthEdit } from '../../space/growth.ts';
import { elements } from './controller-math.ts';
import { easLayout } from './eas-controller.ts';
import type { EasAction, EasController, EasControllerShape, EasStep } from './eas-controller.ts';
import { createServer, pull, push } from './parameter-server.ts';
import type { ParameterServer } from './parameter-server.ts';
import { worseOf } from './reward-scale.ts';
import type { StrategyContext, StrategyDefinition } from '../strategy.ts';

const count = z.number().int().min(1);

const options = (evaluations: number) => {
  const networks = Math.max(1, evaluations - 1);
  const second = Math.floor(networks / 3);
  return z.strictObject({
    units: count.describe('Units of each direction of the encoder, and size of its embeddings.').default(50),
    embedding: count.describe("Size of a layer's embedding.").default(16),
    children: count.describe('Networks to a step of the controller.').default(10),
    widenings: z
      .number()
      .int()
      .min(0)
      .describe(
        'Transformations that make a network of the start point: widenings of all layers at once, then single deepenings.',
      )
      .default(4),
    deepenings: z.number().int().min(0).describe('Insertions of a layer in each episode.').default(5),
    phases: z
      .array(count)
      .min(1)
      .describe(
        'Networks sampled from each start point; the best one so far is the next. The paper samples 300, then 150.',
      )
      .default(second === 0 ? [networks] : [networks - second, second]),
    learningRate: z
      .number()
      .positive()
      .describe("Step size of the optimizer of the strategy's own model.")
      .default(0.002),
    baselineDecay: z
      .number()
      .min(0)
      .max(1)
      .describe(
        "Share of the present batch's mean reward in the baseline, which takes it before it is subtracted.",
      )
      .default(0.95),
    entropyWeight: z.number().min(0).describe("Weight of the policy's entropy in the reward.").default(1e-5),
    noise: z
      .strictObject({
        wider: z.number().min(0).max(1).describe('Of the new weights of a widened layer.').default(0.01),
        deeper: z.number().min(0).max(1).describe('Of the new weights of an inserted layer.').default(0.001),
      })
      .describe(
        'On new weights, in standard deviations of the weights beside them; with 0 a network starts exactly as its parent.',
      )
      .prefault({}),
  });
};
type Options = z.infer<ReturnType<typeof options>>;

/**
 * What a child was made by: tokens of the layers that each widening grew, and the choices of each deepening.
 */
type Decisions = {
  readonly widened: readonly (readonly number[])[];
  readonly deepened: readonly (readonly [block: number, place: number, kernel: number])[];
};
type Note = { readonly kind: 'start' } | (Decisions & { readonly kind: 'child'; readonly child: number });
type Done = Decisions & { readonly child: number; readonly score: number | null };

/** `trial` is null where its training failed: there are no weights to inherit. */
type StartPoint = { readonly genotype: Json; readonly trial: string | null };
type Model = {
  readonly controller: ParameterServer;
  readonly baseline: number;
  /** Lowest reward so far. */
  readonly worst: number | null;
  readonly phase: number;
  /** Null until the start network has been trained. */
  readonly start: StartPoint | null;
  readonly best: (StartPoint & { readonly score: number }) | null;
  /** Networks of the phase whose rounds are over. */
  readonly sampled: number;
  readonly issued: number;
  readonly done: readonly Done[];
};
type Context = StrategyContext<Options>;

/** Scores from here on have one reward: tan grows without bound towards an accuracy of 1. */
const HIGHEST = 0.999;

/** tan(acc · π / 2). */
const rewardOf = (score: number): number => Math.tan((Math.min(HIGHEST, Math.max(0, score)) * Math.PI) / 2);

const growthOf = ({ space }: Pick<Context, 'space'>): Growth<Json> => space.growth as Growth<Json>;

const controllerOf = ({ ports }: Pick<Context, 'ports'>): EasController => {
  if (ports.eas === undefined) throw new TypeError('eas was bound without its controller');
  return ports.eas;
};

const shapeOf = (context: Context): EasControllerShape => {
  const { units, embedding, phases, deepenings } = context.options;
  const growth = growthOf(context);
  return {
    length: growth.tokens(growth.start).length + phases.length * deepenings,
    vocabulary: growth.vocabulary,
    embedding,
    hidden: units,
    blocks: growth.blocks,
    places: growth.blockLayers,
    kernels: growth.kernels.length,
  };
};

/** Uniform; in biases of LSTMs the forget gates, the second quarter, begin with one. */
const initialParameters = (context: Context): Float32Array => {
  const random = randomFromSeed(deriveSeed(context.seed, 'eas', 'controller'));
  return Float32Array.from(
    easLayout(shapeOf(context)).flatMap(({ shape, initial }) => {
      const size = elements(shape);
      return Array.from({ length: size }, (_, i) =>
        initial.kind === 'gates'
          ? Number(Math.floor((4 * i) / size) === 1)
          : (2 * random.uniform() - 1) * initial.range,
      );
    }),
  );
};

const roundSize = ({ phase, sampled }: Model, { children, phases }: Options): number =>
  Math.min(children, (phases[phase] ?? 0) - sampled);

interface Walk {
  readonly genotype: Json;
  readonly edits: readonly GrowthEdit[];
  readonly actions: readonly EasAction[];
}

/**
 * From a start point through all transformations; `widen` and `deepen` decide of the i-th one, from the
 * network that it finds. A deepening that finds every block full is left out.
 */
const walk = (
  context: Context,
  start: Json,
  widen: (i: number, tokens: readonly number[], possible: readonly boolean[]) => readonly number[],
  deepen: (i: number, tokens: readonly number[], places: readonly number[]) => Decisions['deepened'][number],
): Walk => {
  const growth = growthOf(context);
  const edits: GrowthEdit[] = [];
  const actions: EasAction[] = [];
  let genotype = start;
  const apply = (edit: GrowthEdit): void => {
    edits.push(edit);
    genotype = growth.apply(genotype, edit);
  };
  for (let i = 0; i < context.options.widenings; i++) {
    const tokens = growth.tokens(genotype);
    const wider = growth.wider(genotype);
    const possible = wider.map((edit) => edit !== undefined);
    const grown = widen(i, tokens, possible);
    actions.push({ kind: 'widen', tokens, possible, taken: tokens.map((_, at) => grown.includes(at)) });
    for (const at of grown) apply(wider[at] as GrowthEdit);
  }
  for (let i = 0; i < context.options.deepenings; i++) {
    const tokens = growth.tokens(genotype);
    const places = growth.places(genotype);
    if (places.every((available) => available === 0)) break;
    const choices = deepen(i, tokens, places);
    const [block, place, kernel] = choices;
    actions.push({ kind: 'deepen', tokens, places, choices, choosesKernel: growth.hasKernels(block) });
    apply(growth.deeper(genotype, block, place, kernel));
  }
  return { genotype, edits, actions };
};

/** A new child of the start point, as the controller draws it. */
const draw = (model: Model, start: StartPoint, context: Context, random: Random): Walk & Decisions => {
  const shape = shapeOf(context);
  const parameters = pull(model.controller, model.controller.version);
  const controller = controllerOf(context);
  const widened: (readonly number[])[] = [];
  const deepened: Decisions['deepened'][number][] = [];
  const made = walk(
    context,
    start.genotype,
    (_, tokens, possible) => {
      const probabilities = controller.widening(shape, parameters, tokens);
      const grown = probabilities.flatMap((probability, at) =>
        random.uniform() < probability && possible[at] === true ? [at] : [],
      );
      widened.push(grown);
      return grown;
    },
    (_, tokens, places) => {
      const uniforms = [random.uniform(), random.uniform(), random.uniform()] as const;
      const choices = controller.deepening(shape, parameters, tokens, places, uniforms);
      deepened.push(choices);
      return choices;
    },
  );
  return { ...made, widened, deepened };
};

const finishRound = (model: Model, start: StartPoint, context: Context): Model => {
  const { options: o } = context;
  const size = model.done.length;
  let { worst } = model;
  const rewards = [...model.done]
    .sort((a, b) => a.child - b.child)
    .map((child) => {
      const reward = child.score === null ? undefined : rewardOf(child.score);
      worst = worseOf(worst, reward);
      return { child, reward: reward ?? worst };
    });
  const known = rewards.flatMap(({ reward }) => (reward === null ? [] : [reward]));
  const mean = known.reduce((sum, reward) => sum + reward, 0) / Math.max(1, known.length);
  const baseline =
    known.length === 0 ? model.baseline : model.baseline + o.baselineDecay * (mean - model.baseline);
  const steps = rewards.flatMap(({ child, reward }): readonly EasStep[] => {
    const { actions } = walk(
      context,
      start.genotype,
      (i) => child.widened[i] as readonly number[],
      (i) => child.deepened[i] as Decisions['deepened'][number],
    );
    const advantage = reward === null ? 0 : (reward - baseline) / size;
    return actions.map((action) => ({ action, advantage }));
  });
  const shape = shapeOf(context);
  const controller =
    steps.length === 0
      ? model.controller
      : push(
          model.controller,
          (present) => controllerOf(context).gradient(shape, present, steps, o.entropyWeight),
          { learningRate: o.learningRate, epochs: 1, held: [], staleness: 0 },
        );
  const sampled = model.sampled + size;
  const isOver = sampled === o.phases[model.phase] && model.phase + 1 < o.phases.length;
  return {
    ...model,
    controller,
    worst,
    baseline,
    issued: 0,
    done: [],
    ...(isOver
      ? {
          phase: model.phase + 1,
          sampled: 0,
          start: model.best === null ? start : { genotype: model.best.genotype, trial: model.best.trial },
        }
      : { sampled }),
  };
};

/**
 * Efficient architecture search by network transformation. Cai et al. 2018: a reinforcement-learning agent
 * (bidirectional LSTM encoder of 50 units over embeddings of size 16, wider and deeper actors, Adam at 0.002)
 * transforms a trained start network by function-preserving widenings and deepenings (§3); each child goes on
 * from its weights; the reward is tan(acc · π / 2) above an exponential moving average (§4.1), which begins
 * at 0 and takes 0.95 of the present batch's mean before it is subtracted (authors' code,
 * `arch_manager.py:210–223`); 10 children a step, 5 deepenings and 4 widenings each, in two phases (§4.2).
 * Learning rate, entropy weight, initial values, noise and the order of the transformations are those of the
 * authors' code (han-cai/EAS b20c48a, `code/arch_search/arch_search_convnet_net2net.py:206–221`, `285–320`).
 *
 * Deviations: a start point is trained as long as every other network, the first from scratch; full blocks
 * are not deepened; accuracies count up to 0.999; an infeasible network counts as the lowest reward so far; a
 * start network that cannot be trained leaves its children to start from scratch.
 */
export const eas: StrategyDefinition<Options, Model> = {
  name: 'eas',
  source: 'Cai et al. 2018, "Efficient Architecture Search by Network Transformation", §3 and §4',
  options,
  repeats: 'Cai et al. 2018, §3: transformations are drawn independently, and may lead to one network',
  needsFractions: 'its reward is the tangent of an accuracy',
  needsController: true,
  inheritsWeights: true,
  refuses: (space) =>
    space.growth === undefined
      ? 'its networks do not grow out of one another by widening and deepening layers (those of eas do)'
      : undefined,
  check: ({ options: { phases }, evaluations }) => {
    const sum = phases.reduce((total, networks) => total + networks, 0);
    // Of a single evaluation, the start network's, no phase comes to be.
    const most = Math.max(1, evaluations - 1);
    if (sum > most)
      throw inputError(
        'strategy.phases',
        phases,
        `at most ${most} networks together: the evaluations of the search less the start network`,
        'sample fewer networks, or raise stages.search.evaluations',
      );
  },
  init: (context) => ({
    controller: createServer(initialParameters(context), 1),
    baseline: 0,
    worst: null,
    phase: 0,
    start: null,
    best: null,
    sampled: 0,
    issued: 0,
    done: [],
  }),
  propose: (model, context) => {
    if (context.ordinal === 0) return { genotype: growthOf(context).start, note: { kind: 'start' } };
    const { start, issued } = model;
    if (start === null || issued >= roundSize(model, context.options)) return undefined;
    const { genotype, edits, widened, deepened } = draw(model, start, context, context.random);
    return {
      genotype,
      note: { kind: 'child', child: issued, widened, deepened },
      ...(start.trial !== null && {
        inherits: {
          trial: start.trial,
          genotype: context.space.print(start.genotype),
          edits,
          noise: context.options.noise,
        },
      }),
    };
  },
  register: (model, trial) => {
    const note = trial.note as Note;
    return note.kind === 'start' ? model : { ...model, issued: Math.max(model.issued, note.child + 1) };
  },
  learn: (model, results, context) =>
    results.reduce((before, { trial, score }) => {
      const note = trial.note as Note;
      const { genotype, id } = trial;
      const isBest = score !== undefined && (before.best === null || score > before.best.score);
      const now = isBest ? { ...before, best: { genotype, trial: id, score } } : before;
      if (note.kind === 'start')
        return { ...now, start: { genotype, trial: score === undefined ? null : id } };
      const { child, widened, deepened } = note;
      const done = [...now.done, { child, score: score ?? null, widened, deepened }];
      const told = { ...now, done };
      return now.start !== null && done.length === roundSize(now, context.options)
        ? finishRound(told, now.start, context)
        : told;
    }, model),
};
