import { claimOf } from '../../nas/experiment/claim.ts';
import type { PlannedJob, PlannedTraining } from '../../nas/job/job-report.ts';
import { baselineJobs } from '../../nas/protocol/plan.ts';
import { budgetOf, chargeOf, paidFor } from '../../nas/protocol/budget.ts';
import { randomCells } from '../../nas/protocol/random-cells.ts';
import { spaceOf } from '../../nas/space/spaces.ts';
import { baselineCellsToAdd, comparedSearches } from '../../nas/protocol/stages.ts';
import type { ProtocolActivities } from '../contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { createLimits } from '../search/limits.ts';
import { createLookUp } from '../search/look-up.ts';
import { readRun, readStage } from '../documents/run-documents.ts';
import { plannedCost } from './planned-cost.ts';
import { randomLookUps } from './random-look-ups.ts';

/**
 * `planBaseline` of `ProtocolActivities`: random cells for as much as the search has cost and the baseline
 * has not; where searches are compared one by one, for each of them of its own.
 */
export const createPlanBaseline = (deps: Dependencies): ProtocolActivities['planBaseline'] => {
  const { store } = deps;
  const limitsOf = createLimits(deps);
  const openTable = createLookUp(deps);
  return async ({ run: ref, ended }): Promise<PlannedJob[]> => {
    const run = await readRun(store, ref);
    const { experiment } = run;
    if (experiment.origin !== undefined) return [];
    const [{ reports: searched }, { reports: retrained }] = await Promise.all([
      readStage(store, ref.runId, 'proxy-search'),
      readStage(store, ref.runId, 'retrain-top'),
    ]);
    const reports = [...searched, ...retrained, ...ended];
    const costOf = await plannedCost(deps, run, reports);
    const isBeyondLimits = await limitsOf(run);

    /** Against one search, or against all of them together. */
    const cellsAgainst = (search?: number): PlannedTraining[] => {
      const { random, ...paid } = paidFor(reports, search);
      const stream = randomCells(experiment, spaceOf(experiment.space), isBeyondLimits, search);
      for (const _ of random) stream.next();
      const jobs: PlannedTraining[] = [];
      const added = baselineCellsToAdd({
        budget: budgetOf([{ ...paid, random: [] }], costOf).search.multiplyAdds,
        // A cell that failed has used its share.
        spent: random.map((report) => chargeOf(report, costOf, [])),
        next: (function* () {
          for (const cell of stream)
            for (const job of baselineJobs(experiment, [cell], search)) {
              jobs.push(job);
              yield costOf(job);
            }
        })(),
      });
      return jobs.slice(0, added);
    };
    if (claimOf(experiment) === 'cell') return cellsAgainst();

    const searches = comparedSearches(retrained);
    const table = await openTable(run);
    if (table === undefined) return searches.flatMap((search) => cellsAgainst(search));
    // What is looked up costs nothing: random search looks as much up, and retrains as many cells.
    const looked = searched.filter(
      ({ job }) => job.kind === 'search' && ended.length === 0 && searches.includes(job.seed),
    );
    const planned = looked.map(async (report) => {
      const { seed } = report.job;
      const { length } = paidFor(retrained, seed).search;
      const cells = await randomLookUps(store, run, table, report);
      return baselineJobs(experiment, cells.slice(0, length), seed);
    });
    return (await Promise.all(planned)).flat();
  };
};
