import type { DatasetManifest } from '../../nas/task/manifest.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { CountAt } from '../../nas/protocol/proxy-gate.ts';
import type { Dependencies } from '../dependencies.ts';

/** Counts of networks of a run's space, for its data set. */
export const networkCounts =
  (
    { countNetwork }: Pick<Dependencies, 'countNetwork'>,
    { experiment: { space } }: RunRecord,
    data: DatasetManifest,
  ): CountAt =>
  (genotype, size) =>
    countNetwork({ space, genotype, size, data });
