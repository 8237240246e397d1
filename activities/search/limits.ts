import { LATENCY } from '../../nas/experiment/measures.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { chosenSpace } from '../../nas/space/registry.ts';
import { withinLimits } from '../../nas/search/objective.ts';
import type { Dependencies } from '../dependencies.ts';
import { createLookUp } from './look-up.ts';
import { networkCounts } from './network-counts.ts';
import { readRunDataset } from '../run-dataset.ts';

/** Whether a network, by its printed genotype, is beyond a limit of the search. */
export type IsBeyondLimits = (genotype: string) => boolean;

/**
 * The limits of a run's search, as far as they are known of a network before it is trained: by a benchmark's
 * table, or by counting. A timing is not known; a network that cannot be built is left to its training, which
 * says why.
 */
export const createLimits = (deps: Pick<Dependencies, 'store' | 'countNetwork'>) => {
  const openTable = createLookUp(deps);
  return async (run: RunRecord): Promise<IsBeyondLimits> => {
    const { space, stages } = run.experiment;
    const all = stages.search.objective?.limits ?? {};
    if (Object.keys(all).length === 0) return () => false;
    const lookUp = await openTable(run);
    if (lookUp !== undefined) {
      const { parse } = chosenSpace(space);
      return (genotype) => lookUp(parse(genotype), 1).kind === 'infeasible';
    }
    const { [LATENCY]: _timed, ...limits } = all;
    if (Object.keys(limits).length === 0) return () => false;
    const countAt = networkCounts(deps, run, await readRunDataset(deps.store, run));
    return (genotype) => {
      const counts = countAt(genotype, stages.search.network);
      return counts !== undefined && !withinLimits({ limits, weights: {} }, { ...counts });
    };
  };
};
