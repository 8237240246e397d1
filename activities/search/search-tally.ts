import { sha256 } from '../../nas/core/hash.ts';
import type { ScoredGenotype, SearchResult } from '../../nas/job/program-result.ts';
import type { AskedTrial, ToldTrial } from '../../nas/search/trial-log.ts';

/** Candidates of a search's result at most; the log has all trials. */
const CANDIDATES = 1000;

interface Candidate extends ScoredGenotype {
  readonly id: string;
  readonly hash: string;
  readonly fidelity: number;
}

/** Networks that were trained longest first, by score among those; ties by trial. */
const byStanding = (a: Candidate, b: Candidate): number =>
  b.fidelity - a.fidelity || b.score - a.score || (a.id < b.id ? -1 : 1);

/** Counts over the trials told so far. */
interface SearchSums {
  readonly told: number;
  readonly lost: number;
  readonly attempts: number;
  readonly reclaims: number;
  /** Machine seconds. */
  readonly seconds: number;
  /** Why a trial failed, the newest. */
  readonly reason?: string;
}

/** What the trials of a search add up to, kept as they are told. */
export interface SearchTally {
  add(asked: AskedTrial, told: ToldTrial): void;
  sums(): SearchSums;
  /** Best score at the highest fidelity so far. */
  best(): number | undefined;
  /** `undefined` while no network has a score. */
  result(): SearchResult | undefined;
}

export const createSearchTally = (): SearchTally => {
  let sums: SearchSums = { told: 0, lost: 0, attempts: 0, reclaims: 0, seconds: 0 };
  const cost = { multiplyAdds: 0, images: 0 };
  let digest = '';
  let candidates = new Map<string, Candidate>();
  let best: Candidate | undefined;

  const ranked = (): Candidate[] => [...candidates.values()].sort(byStanding).slice(0, CANDIDATES);
  const consider = (candidate: Candidate): void => {
    const same = candidates.get(candidate.hash);
    if (same !== undefined && byStanding(same, candidate) <= 0) return;
    candidates.set(candidate.hash, candidate);
    if (best === undefined || byStanding(candidate, best) < 0) best = candidate;
    // Twice the limit before anything is dropped, so that a trial costs little on average.
    if (candidates.size > 2 * CANDIDATES)
      candidates = new Map(ranked().map((kept) => [kept.hash, kept] as const));
  };

  return {
    add: ({ id, genotype, hash, fidelity }, { end }) => {
      sums = {
        ...sums,
        told: sums.told + 1,
        lost: sums.lost + (end.kind === 'lost' ? 1 : 0),
        attempts: sums.attempts + (end.spent?.attempts ?? 0),
        reclaims: sums.reclaims + (end.spent?.reclaims ?? 0),
        seconds: sums.seconds + (end.spent?.seconds ?? 0),
        ...(end.kind !== 'score' && { reason: end.reason }),
      };
      cost.multiplyAdds += end.spent?.multiplyAdds ?? 0;
      cost.images += end.spent?.images ?? 0;
      // Losses are no part of what a search found.
      if (end.kind === 'lost') return;
      const score = end.kind === 'score' ? end.value : null;
      digest = sha256(`${digest}${hash} ${fidelity} ${score}`);
      if (score !== null) consider({ id, hash, genotype, fidelity, score });
    },
    sums: () => sums,
    best: () => best?.score,
    result: () =>
      candidates.size === 0
        ? undefined
        : {
            kind: 'search',
            candidates: ranked().map(({ genotype, score }) => ({ genotype, score })),
            curve: [],
            cost,
            weightsSha256: digest,
          },
  };
};
