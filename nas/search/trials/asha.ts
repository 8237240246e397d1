import type { Json } from '../../core/json.ts';
import { ascending, insertSorted, placeInSorted } from './sorted-list.ts';
import { rungFidelities, samplerOf } from './sampler.ts';
import type { SamplerModel, SamplerNote, SamplerSource, SchedulerOptions } from './sampler.ts';
import type { StrategyDefinition } from '../strategy.ts';

/** A network's result in a rung; `root` is the ordinal of its first trial. */
type Entry = {
  readonly root: number;
  readonly genotype: Json;
  readonly score: number | null;
  readonly sampler: SamplerNote;
};
type Rung = { readonly entries: readonly Entry[]; readonly promoted: readonly number[] };
type Model = { readonly sampler: SamplerModel; readonly rungs: readonly Rung[] };
type Note = { readonly rung: number; readonly root: number; readonly sampler: SamplerNote };

/** What a rung's order is derived from its results. */
interface Order {
  /** Networks with a score, best first. */
  readonly ranked: Entry[];
  /** Those of them that were not promoted. */
  readonly open: Entry[];
}

const byRank = (a: Entry, b: Entry): number => (b.score as number) - (a.score as number) || a.root - b.root;

/** By rung, as long as a search goes on in one process. */
const orders = new WeakMap<Rung, Order>();

const orderOf = (rung: Rung): Order => {
  const known = orders.get(rung);
  if (known !== undefined) return known;
  const ranked = rung.entries.filter(({ score }) => score !== null).sort(byRank);
  const promoted = new Set(rung.promoted);
  const order = { ranked, open: ranked.filter(({ root }) => !promoted.has(root)) };
  orders.set(rung, order);
  return order;
};

/** The order of the rung before goes on as that of the rung after. */
const inherit = (before: Rung, after: Rung, change: (order: Order) => void): Rung => {
  const order = orders.get(before);
  if (order === undefined) return after;
  change(order);
  orders.delete(before);
  orders.set(after, order);
  return after;
};

/** The best network of the top 1/η of a rung that was not promoted yet: all that rank above it were. */
const promotable = (rung: Rung, eta: number): Entry | undefined => {
  const { ranked, open } = orderOf(rung);
  const [best] = open;
  if (best === undefined) return undefined;
  return placeInSorted(ranked, best, byRank) < Math.floor(rung.entries.length / eta) ? best : undefined;
};

const withEntry = (rung: Rung, entry: Entry): Rung =>
  inherit(rung, { ...rung, entries: [...rung.entries, entry] }, ({ ranked, open }) => {
    if (entry.score === null) return;
    insertSorted(ranked, entry, byRank);
    if (placeInSorted(rung.promoted, entry.root, ascending) < 0) insertSorted(open, entry, byRank);
  });

const withPromotion = (rung: Rung, root: number): Rung => {
  const promoted = [...rung.promoted];
  insertSorted(promoted, root, ascending);
  return inherit(rung, { ...rung, promoted }, ({ open }) => {
    const at = open.findIndex((entry) => entry.root === root);
    if (at >= 0) open.splice(at, 1);
  });
};

const withRung = (model: Model, at: number, change: (rung: Rung) => Rung): Model => ({
  ...model,
  rungs: model.rungs.map((rung, i) => (i === at ? change(rung) : rung)),
});

/**
 * Asynchronous successive halving over any sampler. Li, L. et al. 2020, "A System for Massively Parallel
 * Hyperparameter Tuning", Algorithm 2; the baseline of Li & Talwalkar 2019, §4 (η = 4). A promotion trains
 * the same network with η times the resource; highest rungs are served first. Infeasible networks count in
 * their rung but are never promoted. The papers' new networks are uniform samples; `sampler.ts` says what
 * other strategies learn here.
 */
export const asha = (name: string, source: SamplerSource): StrategyDefinition<SchedulerOptions, Model> => {
  const sampler = samplerOf(source, { eta: 4, minFidelity: 1 / 64 });
  return {
    ...sampler.definition,
    name,
    source: `Li, L. et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", Algorithm 2; new networks by ${source.described}`,
    init: (context) => ({
      sampler: sampler.init(context),
      rungs: rungFidelities(context.options).map(() => ({ entries: [], promoted: [] })),
    }),
    propose: (model, context) => {
      const fidelities = rungFidelities(context.options);
      for (let rung = fidelities.length - 2; rung >= 0; rung--) {
        const entry = promotable(model.rungs[rung] as Rung, context.options.eta);
        if (entry !== undefined)
          return {
            genotype: entry.genotype,
            fidelity: fidelities[rung + 1] as number,
            note: { rung: rung + 1, root: entry.root, sampler: entry.sampler },
          };
      }
      const proposal = sampler.propose(model.sampler, context);
      return (
        proposal && {
          genotype: proposal.genotype,
          fidelity: fidelities[0] as number,
          note: { rung: 0, root: context.ordinal, sampler: proposal.sampler },
        }
      );
    },
    register: (model, trial, context) => {
      const note = trial.note as Note;
      return note.rung === 0
        ? { ...model, sampler: sampler.register(model.sampler, trial, note.sampler, context) }
        : withRung(model, note.rung - 1, (rung) => withPromotion(rung, note.root));
    },
    learn: (model, results, context) =>
      results.reduce((at, result) => {
        const { rung, root, sampler: note } = result.trial.note as Note;
        const entry = {
          root,
          genotype: result.trial.genotype,
          score: result.score ?? null,
          sampler: note,
        };
        return {
          ...withRung(at, rung, (old) => withEntry(old, entry)),
          sampler: sampler.learn(at.sampler, result, note, rung === 0, context),
        };
      }, model),
  };
};
