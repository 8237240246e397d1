import type { Json } from '../../core/json.ts';
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

/** The best network of the top 1/η of a rung that was not promoted yet. */
const promotable = ({ entries, promoted }: Rung, eta: number): Entry | undefined => {
  const taken = new Set(promoted);
  return [...entries]
    .filter(({ score }) => score !== null)
    .sort((a, b) => (b.score as number) - (a.score as number) || a.root - b.root)
    .slice(0, Math.floor(entries.length / eta))
    .find(({ root }) => !taken.has(root));
};

const withRung = (model: Model, at: number, change: (rung: Rung) => Rung): Model => ({
  ...model,
  rungs: model.rungs.map((rung, i) => (i === at ? change(rung) : rung)),
});

/**
 * Asynchronous successive halving over any sampler. Li, L. et al. 2020, "A System for Massively Parallel Hyperparameter
 * Tuning", Algorithm 2; the baseline of Li & Talwalkar 2019, §4 (η = 4). A promotion trains the same network with η
 * times the resource; highest rungs are served first. Infeasible networks count in their rung but are never promoted.
 * The papers' new networks are uniform samples; `sampler.ts` says what other strategies learn here.
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
        : withRung(model, note.rung - 1, (rung) => ({
            ...rung,
            promoted: [...rung.promoted, note.root].sort((a, b) => a - b),
          }));
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
          ...withRung(at, rung, (old) => ({ ...old, entries: [...old.entries, entry] })),
          sampler: sampler.learn(at.sampler, result, note, rung === 0, context),
        };
      }, model),
  };
};
