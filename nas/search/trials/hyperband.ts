import type { Json } from '../../core/json.ts';
import { rungFidelities, samplerOf } from './sampler.ts';
import type { SamplerModel, SamplerNote, SamplerSource, SchedulerOptions } from './sampler.ts';
import type { StrategyDefinition } from '../strategy.ts';

type Survivor = { readonly genotype: Json; readonly score: number; readonly sampler: SamplerNote };
/** A place in the present rung that was not issued yet; `survivor` is null for a new network. */
type Slot = { readonly slot: number; readonly survivor: Survivor | null };
type Model = {
  readonly sampler: SamplerModel;
  readonly bracket: number;
  readonly rung: number;
  readonly open: readonly Slot[];
  readonly awaited: number;
  readonly finished: readonly Survivor[];
};
type Note = {
  readonly bracket: number;
  readonly rung: number;
  readonly slot: number;
  readonly sampler: SamplerNote;
};

/** Networks a bracket starts with and the fidelities of its rungs. */
interface Bracket {
  readonly size: number;
  readonly fidelities: readonly number[];
}
type Rungs = Pick<SchedulerOptions, 'eta' | 'minFidelity'>;
type Brackets = (options: Rungs) => readonly Bracket[];

/** Jamieson & Talwalkar 2016: one bracket, from the least fidelity up, over and over. */
const halvingBrackets: Brackets = (options) => {
  const fidelities = rungFidelities(options);
  return [{ size: options.eta ** (fidelities.length - 1), fidelities }];
};

/**
 * Li et al. 2018, Algorithm 1: brackets s = s_max … 0 of n = ⌈(s_max + 1) η^s / (s + 1)⌉ networks, over and
 * over.
 */
const hyperbandBrackets: Brackets = (options) => {
  const fidelities = rungFidelities(options);
  const top = fidelities.length - 1;
  return fidelities.map((_, skipped) => {
    const s = top - skipped;
    return {
      size: Math.ceil(((top + 1) * options.eta ** s) / (s + 1)),
      fidelities: fidelities.slice(skipped),
    };
  });
};

/**
 * automl/HpBandSter 0ec0ce2, `hpbandster/optimizers/bohb.py:102` and `:138–139`: as many brackets and rungs,
 * of ⌊(s_max + 1) / (s + 1)⌋ η^s networks. At η = 3 and five rungs Hyperband's 81, 34, 15, 8 and 5 networks
 * are 81, 27, 9, 6 and 5. Its logarithm is cut off, by which a least fidelity of exactly 1/243 has five rungs
 * there; here it has six.
 */
const bohbBrackets: Brackets = (options) => {
  const fidelities = rungFidelities(options);
  const top = fidelities.length - 1;
  return fidelities.map((_, skipped) => {
    const s = top - skipped;
    return {
      size: Math.floor((top + 1) / (s + 1)) * options.eta ** s,
      fidelities: fidelities.slice(skipped),
    };
  });
};

const freshSlots = (size: number): readonly Slot[] =>
  Array.from({ length: size }, (_, slot) => ({ slot, survivor: null }));

const scheduler =
  (brackets: Brackets, defaults: Rungs, paper: string) =>
  (name: string, source: SamplerSource): StrategyDefinition<SchedulerOptions, Model> => {
    const sampler = samplerOf(source, defaults);
    const bracketAt = (options: SchedulerOptions, index: number): Bracket => {
      const all = brackets(options);
      return all[index % all.length] as Bracket;
    };
    /** The rung is complete: its top 1/η go on, or the next bracket starts. */
    const advance = (model: Model, options: SchedulerOptions): Model => {
      const { size, fidelities } = bracketAt(options, model.bracket);
      const rung = model.rung + 1;
      const survivors =
        rung < fidelities.length
          ? [...model.finished]
              .sort((a, b) => b.score - a.score)
              .slice(0, Math.max(1, Math.floor(size / options.eta ** rung)))
          : [];
      if (survivors.length > 0)
        return {
          ...model,
          rung,
          open: survivors.map((survivor, slot) => ({ slot, survivor })),
          awaited: 0,
          finished: [],
        };
      const bracket = model.bracket + 1;
      return {
        ...model,
        bracket,
        rung: 0,
        open: freshSlots(bracketAt(options, bracket).size),
        awaited: 0,
        finished: [],
      };
    };
    return {
      ...sampler.definition,
      name,
      source: `${paper}; new networks by ${source.described}`,
      init: (context) => ({
        sampler: sampler.init(context),
        bracket: 0,
        rung: 0,
        open: freshSlots(bracketAt(context.options, 0).size),
        awaited: 0,
        finished: [],
      }),
      propose: (model, context) => {
        const [next] = model.open;
        if (next === undefined) return undefined;
        const fidelity = bracketAt(context.options, model.bracket).fidelities[model.rung] as number;
        const at = { bracket: model.bracket, rung: model.rung, slot: next.slot };
        if (next.survivor !== null)
          return {
            genotype: next.survivor.genotype,
            fidelity,
            note: { ...at, sampler: next.survivor.sampler },
          };
        const proposal = sampler.propose(model.sampler, context);
        return (
          proposal && { genotype: proposal.genotype, fidelity, note: { ...at, sampler: proposal.sampler } }
        );
      },
      register: (model, trial, context) => {
        const note = trial.note as Note;
        const started =
          note.rung === 0
            ? { ...model, sampler: sampler.register(model.sampler, trial, note.sampler, context) }
            : model;
        return note.bracket === model.bracket && note.rung === model.rung
          ? {
              ...started,
              open: model.open.filter(({ slot }) => slot !== note.slot),
              awaited: model.awaited + 1,
            }
          : started;
      },
      learn: (model, results, context) =>
        results.reduce((at, result) => {
          const note = result.trial.note as Note;
          const next = {
            ...at,
            sampler: sampler.learn(at.sampler, result, note.sampler, note.rung === 0, context),
          };
          if (note.bracket !== at.bracket || note.rung !== at.rung) return next;
          const { genotype } = result.trial;
          const finished =
            result.score === undefined
              ? at.finished
              : [...at.finished, { genotype, score: result.score, sampler: note.sampler }];
          const done = { ...next, finished, awaited: at.awaited - 1 };
          return done.open.length === 0 && done.awaited === 0 ? advance(done, context.options) : done;
        }, model),
    };
  };

/**
 * Successive halving over any sampler. Jamieson & Talwalkar 2016, "Non-stochastic Best Arm Identification",
 * Figure 2. Synchronous: a rung waits for its last result. Infeasible networks do not survive. Deviation: one
 * of η = 4 goes on, where the paper halves, and a further bracket follows while there is budget.
 */
export const successiveHalving = scheduler(
  halvingBrackets,
  { eta: 4, minFidelity: 1 / 64 },
  'Jamieson & Talwalkar 2016, "Non-stochastic Best Arm Identification and Hyperparameter Optimization", Figure 2',
);

/**
 * Hyperband over any sampler. Li, L. et al. 2018, "Hyperband", Algorithm 1; η and least fidelity as in
 * HpBandSter, the code of BOHB's authors (automl/HpBandSter 0ec0ce2, `hpbandster/optimizers/bohb.py:18`).
 * Deviations: a bracket and a rung wait for the last result of the one before, where HpBandSter begins the
 * next bracket on idle machines (`core/master.py:205–215`); where failures leave fewer networks than go on,
 * the next rung is smaller, where HpBandSter fills it with new ones (`core/base_iteration.py:166–169`).
 */
export const hyperband = scheduler(
  hyperbandBrackets,
  { eta: 3, minFidelity: 0.01 },
  'Li, L. et al. 2018, "Hyperband", Algorithm 1',
);

/**
 * BOHB: Hyperband with the brackets of its authors' code, over `tpe`; `bohbBrackets` and `tpe` say which
 * lines of it. Falkner, Klein & Hutter 2018, "BOHB", §3.1. Deviation: as of Hyperband.
 */
export const bohb = scheduler(
  bohbBrackets,
  { eta: 3, minFidelity: 0.01 },
  'Falkner, Klein & Hutter 2018, "BOHB: Robust and Efficient Hyperparameter Optimization at Scale", §3.1',
);
