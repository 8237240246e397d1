import type { FetchBlob } from '../manifest.ts';
import { openDataset } from './dataset.ts';
import { channelStatistics } from './image-set.ts';
import type { ImageManifest } from './manifest.ts';

/** Labels out of range, and normalisation statistics that do not follow from the images. */
export const verifyImages = async (
  manifest: ImageManifest,
  fetchBlob: FetchBlob,
): Promise<readonly string[]> => {
  // Statistics of image files depend on the decoder's version.
  if (manifest.encoding !== undefined) return [];
  try {
    await openDataset(manifest, 'test', fetchBlob);
    const { mean, std } = channelStatistics(await openDataset(manifest, 'train', fetchBlob));
    const { normalisation } = manifest;
    return (
      [
        ['mean', mean, normalisation.mean],
        ['std', std, normalisation.std],
      ] as const
    ).flatMap(([what, actual, stated]) =>
      actual.join() === stated.join()
        ? []
        : [`normalisation: ${what} is ${actual.join(', ')}, the manifest says ${stated.join(', ')}`],
    );
  } catch (error) {
    return [(error as Error).message];
  }
};
