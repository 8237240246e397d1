import type { CountAt } from '../../nas/protocol/proxy-gate.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { Dependencies } from '../dependencies.ts';
import { readRunDataset } from '../run-dataset.ts';

/** Counts of networks of a run's space, for the images of its data set. */
export const networkCounts = async (
  { store, countNetwork }: Pick<Dependencies, 'store' | 'countNetwork'>,
  run: RunRecord,
): Promise<CountAt> => {
  const { experiment } = run;
  const { shape, classes } = await readRunDataset(store, run);
  return (genotype, size) =>
    countNetwork({ space: experiment.space, genotype, size, image: shape, classes: classes.length });
};
