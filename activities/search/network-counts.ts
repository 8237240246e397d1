import { datasetManifestSchema } from '../../nas/task/images/manifest.ts';
import type { NetworkCounts } from '../../nas/experiment/measures.ts';
import type { NetworkSize } from '../../nas/task/recipe.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { getBlob } from '../../store/blobs.ts';
import type { Dependencies } from '../dependencies.ts';

/** Counts the network of a printed genotype; `undefined` where it cannot be built at that size. */
type CountAt = (genotype: string, size: NetworkSize) => NetworkCounts | undefined;

/** Counts of networks of a run's space, for the images of its data set. */
export const networkCounts = async (
  { store, countNetwork }: Pick<Dependencies, 'store' | 'countNetwork'>,
  { experiment, dataset }: RunRecord,
): Promise<CountAt> => {
  const manifest = await getBlob(store, dataset.manifest);
  const { shape, classes } = datasetManifestSchema.parse(JSON.parse(new TextDecoder().decode(manifest)));
  return (genotype, size) =>
    countNetwork({ space: experiment.space, genotype, size, image: shape, classes: classes.length });
};
