import type { SearchResult } from '../job/program-result.ts';
import type { LoggedTrial } from '../search/trial-log.ts';

/** One network that was trained, or looked up, and what it scored. */
interface ScoredTrial {
  readonly id: string;
  /** Place among the results as the search learnt them, from 1. */
  readonly result: number;
  /** As the search learnt it: weighted, where the experiment weighs measures. */
  readonly score: number;
  /** Share of the full training, in (0, 1]. */
  readonly fidelity: number;
  /** What else was measured of it, by name. */
  readonly measures?: Readonly<Record<string, number>>;
}

/** What a judge spared the search, and what its held sample says of its errors. */
interface JudgeReport {
  /** Networks that were rejected and never trained. */
  readonly rejected: number;
  /**
   * Rejected proposals that were trained all the same, and how many of these were no worse than the
   * threshold.
   */
  readonly held: number;
  readonly wronglyRejected: number;
  /**
   * What the rejected would have cost at the mean of the networks that were not; 0 where trials are look-ups.
   * Those beyond the limits of the search, which end without training, are part of that mean.
   */
  readonly saved: { readonly multiplyAdds: number; readonly machineSeconds: number };
}

/** The trials of one search. */
export interface SearchTrials {
  readonly proposed: number;
  /** Trials that share the result of another one of the same network. */
  readonly copies: number;
  readonly infeasible: number;
  readonly lost: number;
  /** In the order in which the search learnt them; copies are left out. */
  readonly scored: readonly ScoredTrial[];
  readonly judge?: JudgeReport;
}

const scoredTrial = ({ id, fidelity, end, toldAt = 0 }: LoggedTrial): ScoredTrial[] =>
  end?.kind !== 'score'
    ? []
    : [
        {
          id,
          result: toldAt + 1,
          score: end.value,
          fidelity,
          ...(end.measures === undefined ? {} : { measures: { ...end.measures } }),
        },
      ];

const judgeReport = (ended: readonly LoggedTrial[], { summary }: SearchResult): JudgeReport | undefined => {
  const { rejected, held, wronglyRejected } = summary ?? {};
  if (rejected === undefined || held === undefined || wronglyRejected === undefined) return undefined;
  const networks = new Set(ended.map(({ hash }) => hash)).size;
  const spent = ended.flatMap(({ end }) => end?.spent ?? []);
  const mean = (of: (cost: (typeof spent)[number]) => number): number =>
    spent.reduce((sum, cost) => sum + of(cost), 0) / Math.max(1, networks);
  return {
    rejected,
    held,
    wronglyRejected,
    saved: {
      multiplyAdds: rejected * mean((cost) => cost.multiplyAdds),
      machineSeconds: rejected * mean((cost) => cost.seconds),
    },
  };
};

/** What a report says of the trials of a search that ended with `result`. */
export const searchTrials = (trials: readonly LoggedTrial[], result: SearchResult): SearchTrials => {
  const originals = trials.filter(({ copyOf }) => copyOf === undefined);
  const ended = (kind: 'infeasible' | 'lost'): number =>
    originals.filter(({ end }) => end?.kind === kind).length;
  const judge = judgeReport(
    originals.filter(({ end }) => end?.kind !== 'lost'),
    result,
  );
  return {
    proposed: trials.length,
    copies: trials.length - originals.length,
    infeasible: ended('infeasible'),
    lost: ended('lost'),
    scored: originals.flatMap(scoredTrial).sort((a, b) => a.result - b.result),
    ...(judge === undefined ? {} : { judge }),
  };
};

/** Better standing in a search: trained longer, then a higher score. */
const outranks = (a: ScoredTrial, b: ScoredTrial): boolean =>
  a.fidelity > b.fidelity || (a.fidelity === b.fidelity && a.score > b.score);

/** The trials that were the best so far when they were learnt, in that order. */
export const incumbentsOf = (scored: readonly ScoredTrial[]): readonly ScoredTrial[] =>
  scored.reduce<ScoredTrial[]>((best, trial) => {
    const last = best.at(-1);
    if (last === undefined || outranks(trial, last)) best.push(trial);
    return best;
  }, []);
