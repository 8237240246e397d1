import { sum } from '../../nas/core/sum.ts';
import type { JobReport } from '../../nas/job/job-report.ts';
import type { PlannedCost } from '../../nas/protocol/budget.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { Dependencies } from '../dependencies.ts';
import { readRunDataset } from '../run-dataset.ts';
import { networkCounts } from '../search/network-counts.ts';

/**
 * What trainings at stage 2's size are expected to cost, by what those that were trained have cost and by how
 * large each network is: the gate's short ones apart from the others.
 */
export const plannedCost = async (
  deps: Pick<Dependencies, 'store' | 'countNetwork'>,
  run: RunRecord,
  trained: readonly JobReport[],
): Promise<PlannedCost> => {
  const countAt = networkCounts(deps, run, await readRunDataset(deps.store, run));
  const { network } = run.experiment.stages.retrain;
  const onceOf = (genotype: string): number | undefined => countAt(genotype, network)?.multiplyAdds;
  const lengthOf = (short: boolean): ((genotype: string) => number) => {
    const counted = trained.flatMap(({ job, result }) =>
      result === undefined || job.kind === 'search' || (job.kind === 'gate') !== short
        ? []
        : [{ cost: result.cost.multiplyAdds, once: onceOf(result.genotype) ?? 0 }],
    );
    const once = sum(counted.map((cell) => cell.once));
    const passes = once === 0 ? 0 : sum(counted.map(({ cost }) => cost)) / once;
    // A cell that cannot be built counts as the mean of those that were.
    const mean = once / Math.max(1, counted.length);
    return (genotype) => passes * (onceOf(genotype) ?? mean);
  };
  const [short, whole] = [lengthOf(true), lengthOf(false)];
  return ({ kind, genotype }) => (kind === 'gate' ? short : whole)(genotype);
};
