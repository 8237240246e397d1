import { z } from 'zod';
import type { Json } from '../../core/json.ts';
import { deriveSeed, randomFromSeed } from '../../core/random.ts';
import type { Random } from '../../core/random.ts';
import type { Space } from '../../space/space.ts';
import { networkKey } from './network-key.ts';
import { checkPopulation, sixthOf, type Member } from './population.ts';
import { addToSorted, inSorted } from './sorted-list.ts';
import type { Learned, StrategyContext, StrategyDefinition } from '../strategy.ts';

const options = (evaluations: number) =>
  z.strictObject({
    initial: z
      .number()
      .int()
      .min(1)
      .describe(
        "Random networks that a climb starts from the best of; the authors' code has 10 (naszilla/naszilla 7e65491, `naszilla/nas_algorithms.py:18`).",
      )
      .default(sixthOf(evaluations, 1, 10)),
  });
type Options = z.infer<ReturnType<typeof options>>;

type Model = {
  /** Where the climb stands; null before the first climb. */
  readonly current: Member | null;
  /** Starts whose result is in and that no climb has begun from, and the best of them. */
  readonly starts: { readonly count: number; readonly best: Member | null };
  /** Keys of all networks whose result is in, sorted. */
  readonly known: readonly string[];
};

type Note = { readonly kind: 'start' | 'neighbour'; readonly key: string };

/**
 * Draws for a random network that was not proposed before; spaces that are nearly used up get a repeated one.
 */
const DRAWS = 20;

interface Neighbour {
  readonly genotype: Json;
  readonly key: () => string;
}

/** In the order in which they are tried; keys are computed when they are asked for. */
const neighboursOf = (
  { genotype }: Member,
  { space, seed }: Pick<StrategyContext<Options>, 'space' | 'seed'>,
): readonly Neighbour[] => {
  const random = randomFromSeed(deriveSeed(seed, 'neighbours', networkKey(genotype, space)));
  return random.shuffle(space.neighbours(genotype)).map((neighbour) => {
    let key: string | undefined;
    return { genotype: neighbour, key: () => (key ??= networkKey(neighbour, space)) };
  });
};

const unseenStart = (space: Space, random: Random, isSeen: (key: string) => boolean) => {
  let genotype = space.sample(random);
  let key = networkKey(genotype, space);
  for (let draw = 1; draw < DRAWS && isSeen(key); draw++) {
    genotype = space.sample(random);
    key = networkKey(genotype, space);
  }
  return { genotype, key };
};

/**
 * Hill climbing from random starts. White, Nolen & Savani 2021, "Exploring the Loss Landscape in Neural
 * Architecture Search", §3, and the authors' code (naszilla/naszilla 7e65491,
 * `naszilla/nas_algorithms.py:317–356`): the best of a few random networks is where a climb starts;
 * neighbours in random order, move at the first improvement ("query until lower"), start anew where none
 * improves; no network is proposed twice (by the space's canonical hash). Deviations: `initial` is a sixth of
 * small budgets. Trials run in parallel: once all neighbours are under way further slots get random starts,
 * which count for the next climb or, if they are better than where this one stands, move it; so does a
 * neighbour of a position that was left meanwhile. Infeasible networks are never returned to.
 */
const define = (): StrategyDefinition<Options, Model> => {
  const lists = new WeakMap<Member, readonly Neighbour[]>();
  const around = (current: Member, context: StrategyContext<Options>): readonly Neighbour[] => {
    const made = lists.get(current) ?? neighboursOf(current, context);
    lists.set(current, made);
    return made;
  };
  const isOver = ({ current, known }: Model, context: StrategyContext<Options>): boolean =>
    current === null || around(current, context).every(({ key }) => inSorted(known, key()));
  const count = ({ starts: { count, best } }: Model, start: Member | null): Model['starts'] => ({
    count: count + 1,
    best: start !== null && (best === null || start.score > best.score) ? start : best,
  });
  const learnOne = (before: Model, { trial, score }: Learned, context: StrategyContext<Options>): Model => {
    const { kind, key } = trial.note as Note;
    const model = { ...before, known: addToSorted(before.known, key) };
    const result = score === undefined ? null : { genotype: trial.genotype, score };
    const isBetter = result !== null && model.current !== null && result.score > model.current.score;
    // The last neighbour's own result may be what ends the climb, so that the model before it is asked.
    if (isBetter && (kind === 'neighbour' || !isOver(before, context))) return { ...model, current: result };
    const starts = kind === 'start' ? count(model, result) : model.starts;
    if (starts.count < context.options.initial || !isOver(model, context)) return { ...model, starts };
    return { ...model, current: starts.best ?? model.current, starts: { count: 0, best: null } };
  };
  return {
    name: 'local-search',
    source: 'White, Nolen & Savani 2021, "Exploring the Loss Landscape in Neural Architecture Search", §3',
    options,
    check: ({ options: { initial }, evaluations }) => checkPopulation('initial', initial, evaluations),
    init: () => ({ current: null, starts: { count: 0, best: null }, known: [] }),
    propose: ({ current, known }, context) => {
      const underWay = new Set(context.pending.map(({ note }) => (note as Note).key));
      const isSeen = (key: string): boolean => underWay.has(key) || inSorted(known, key);
      const next = current && around(current, context).find(({ key }) => !isSeen(key()));
      if (next) return { genotype: next.genotype, note: { kind: 'neighbour', key: next.key() } };
      const { genotype, key } = unseenStart(context.space, context.random, isSeen);
      return { genotype, note: { kind: 'start', key } };
    },
    learn: (model, results, context) => results.reduce((at, result) => learnOne(at, result, context), model),
  };
};

export const localSearch = define();
