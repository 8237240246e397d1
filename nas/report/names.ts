import { claimOf } from '../experiment/claim.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Contender } from '../job/job-report.ts';
import { isGiven } from '../search/given.ts';
import { isBlackBox } from '../search/strategy-schema.ts';

type Names = Readonly<Record<Contender, string>>;

/** What the two contenders are called in charts and tables. */
export const shortNames = ({ strategy, origin }: Experiment): Names => ({
  winner: isGiven(strategy) ? (origin === undefined ? 'given' : 'transferred') : 'search',
  baseline: 'random',
});

/** What they are called where there is room. */
export const longNames = ({ strategy, origin, stages }: Experiment): Names => {
  if (origin !== undefined)
    return {
      winner: `found on ${origin.data} by run ${origin.run}`,
      baseline: `random cell of run ${origin.run}`,
    };
  if (isGiven(strategy))
    return {
      winner: 'the given cell',
      baseline: stages.retrain.topK === 0 ? 'a random cell' : 'random search, equal budget',
    };
  return claimOf({ stages }) === 'search'
    ? { winner: 'the searches', baseline: 'random searches, equal budgets' }
    : { winner: 'found by the search', baseline: 'random search, equal budget' };
};

/** The subject of the verdict. */
export const cellName = ({ strategy, genotype, origin }: Experiment): string => {
  if (origin !== undefined) return 'The transferred cell';
  if (!isGiven(strategy)) return 'The found cell';
  return genotype !== undefined && /^\w+$/.test(genotype) ? genotype : 'The given cell';
};

/** The heading over its drawing. */
export const cellTitle = ({ strategy, stages }: Experiment): string => {
  if (isGiven(strategy)) return 'The cell';
  return claimOf({ stages }) === 'search' ? 'The found cell that validates best' : 'The cell that was found';
};

/** What the random cell beside it is. */
export const randomCellName = ({ stages }: Pick<Experiment, 'stages'>): string =>
  claimOf({ stages }) === 'search'
    ? 'the random cell that validates best'
    : 'the random cell it was compared with';

/** What stage 1 did. */
export const searchTitle = ({ strategy }: Experiment): string =>
  isBlackBox(strategy) ? 'Stage 1: search by trials' : 'Stage 1: search with shared weights';
