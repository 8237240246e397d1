import type { JobReport, PlannedJob } from '../../nas/job/job-report.ts';
import { baselineJobs } from '../../nas/protocol/plan.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { spaceOf, type Cell } from '../../nas/space/spaces.ts';
import { baselineCellsToAdd } from '../../nas/protocol/stages.ts';
import { deriveSeed, randomFromSeed } from '../../nas/core/random.ts';
import type { ProtocolActivities } from '../contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { createLimits } from '../search/limits.ts';
import type { IsBeyondLimits } from '../search/limits.ts';
import { networkCounts } from '../search/network-counts.ts';
import { readRunDataset } from '../run-dataset.ts';
import { readRun, readStage } from '../documents/run-documents.ts';

/**
 * Draws without a new cell after which the stream ends: a small space is used up, or few cells are within the
 * limits.
 */
const FRUITLESS_DRAWS = 10_000;

/** The baseline's stream of distinct random cells that the search could have found as well. */
function* randomCells({ experiment }: RunRecord, isBeyondLimits: IsBeyondLimits): Generator<Cell> {
  const space = spaceOf(experiment.space);
  const random = randomFromSeed(deriveSeed(experiment.stages.evaluate.baselineSeed, 'baseline-cells'));
  const seen = new Set<string>();
  for (let fruitless = 0; fruitless < FRUITLESS_DRAWS; fruitless++) {
    const cell = space.sample(random);
    if (seen.has(cell.hash)) continue;
    seen.add(cell.hash);
    if (isBeyondLimits(cell.genotype)) continue;
    yield cell;
    fruitless = 0;
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/**
 * `planBaseline` of `ProtocolActivities`: random cells for as much as the search has cost and the baseline
 * has not.
 */
export const createPlanBaseline = (deps: Dependencies): ProtocolActivities['planBaseline'] => {
  const { store } = deps;
  const limitsOf = createLimits(deps);

  /** What training a cell at stage 2's fidelity costs, by what those that were trained have cost. */
  const expectedCost = async (
    run: RunRecord,
    trained: readonly JobReport[],
  ): Promise<(genotype: string) => number> => {
    const countAt = networkCounts(deps, run, await readRunDataset(deps.store, run));
    const { network } = run.experiment.stages.retrain;
    const counted = trained.flatMap(({ result }) =>
      result === undefined
        ? []
        : [{ cost: result.cost.multiplyAdds, once: countAt(result.genotype, network)?.multiplyAdds ?? 0 }],
    );
    const once = sum(counted.map((cell) => cell.once));
    const passes = once === 0 ? 0 : sum(counted.map(({ cost }) => cost)) / once;
    // A cell that cannot be built counts as the mean of those that were.
    const mean = once / Math.max(1, counted.length);
    return (genotype) => passes * (countAt(genotype, network)?.multiplyAdds ?? mean);
  };

  return async ({ run: ref, ended }): Promise<PlannedJob[]> => {
    const run = await readRun(store, ref);
    if (run.experiment.origin !== undefined) return [];
    const [search, retrain] = await Promise.all([
      readStage(store, ref.runId, 'proxy-search'),
      readStage(store, ref.runId, 'retrain-top'),
    ]);
    const costOf = await expectedCost(run, [...retrain.reports, ...ended]);
    const stream = randomCells(run, await limitsOf(run));
    for (const _ of ended) stream.next();
    const cells: Cell[] = [];
    const added = baselineCellsToAdd({
      budget: sum(
        [...search.reports, ...retrain.reports].flatMap(({ result }) => result?.cost.multiplyAdds ?? []),
      ),
      // A cell that failed has used its share.
      spent: ended.map(({ job, result }) =>
        job.kind === 'search' ? 0 : (result?.cost.multiplyAdds ?? costOf(job.genotype)),
      ),
      next: (function* () {
        for (const cell of stream) {
          cells.push(cell);
          yield costOf(cell.genotype);
        }
      })(),
    });
    return baselineJobs(run.experiment, cells.slice(0, added));
  };
};
