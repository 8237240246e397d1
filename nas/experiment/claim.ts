import type { Check } from './check.ts';
import { inputError } from '../core/input-error.ts';
import { isGiven } from '../search/given.ts';
import type { Experiment } from './experiment.ts';

/**
 * What stage 3 makes a statement about: the search, each of whose winners is compared with an independent
 * random search, or the best cell of all searches and one random cell.
 */
export type Claim = 'search' | 'cell';

/** Runs of 0.1.0 say nothing: all of them compare two cells. */
export const claimOf = ({ stages }: Pick<Experiment, 'stages'>): Claim => stages.evaluate.claim ?? 'cell';

/** The experiment with that claim, whatever it said before. */
export const claiming = <E extends Experiment>(experiment: E, claim: Claim): E => {
  const { stages } = experiment;
  return { ...experiment, stages: { ...stages, evaluate: { ...stages.evaluate, claim } } };
};

/** The strongest claim that the counts allow. */
const claimable = ({ strategy, stages: { search, retrain } }: Experiment): Claim =>
  !isGiven(strategy) && search.seeds.length > 1 && retrain.topK >= search.seeds.length ? 'search' : 'cell';

/** An experiment that does not say what it claims claims what it can. */
export const withClaim = (experiment: Experiment): Experiment =>
  experiment.stages.evaluate.claim === undefined ? claiming(experiment, claimable(experiment)) : experiment;

/** A claim about the search needs several, and a winner of each. */
export const checkClaim: Check = function* ({ strategy, stages }, place) {
  if (stages.evaluate.claim !== 'search') return;
  const { length } = stages.search.seeds;
  const refused = (allowed: string, fix: string) =>
    inputError(place(['stages', 'evaluate', 'claim']), 'search', allowed, fix);
  if (isGiven(strategy))
    return yield refused(
      'cell for a given cell, which no search has found',
      'write claim: cell, or leave it out',
    );
  if (length < 2)
    yield refused(
      'cell with one search seed: one search says nothing about the next',
      'write at least two stages.search.seeds (nas run --dry-run says how many see what), or claim: cell',
    );
  else if (stages.retrain.topK < length)
    yield inputError(
      place(['stages', 'retrain', 'topK']),
      stages.retrain.topK,
      `at least ${length} while stages.evaluate.claim is search: a cell of each of the ${length} searches`,
      `raise topK, search with fewer seeds, or write stages.evaluate.claim: cell`,
    );
};
