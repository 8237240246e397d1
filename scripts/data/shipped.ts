import { fileURLToPath } from 'node:url';
import type { ObjectStore } from '../../store/object-store.ts';
import type { ImageManifest } from '../../nas/task/images/manifest.ts';
import type { StoredDataset, WrittenDataset } from '../../store/datasets.ts';
import { readDataset } from '../../store/datasets.ts';
import { writeDataset } from '../../store/image-datasets.ts';
import { FASHION_SMALL } from './catalogue.ts';
import { importIdx } from './import-idx.ts';

export const SHIPPED_NAME = 'fashion-mnist-small';
export const SHIPPED_FOLDER = fileURLToPath(new URL('../../data/fashion-mnist-small/', import.meta.url));

/** Puts the shipped data set into the store unless it is there. Set-up calls this; it is safe to repeat. */
export const seedShippedDataset = async (store: ObjectStore): Promise<WrittenDataset<ImageManifest>> => {
  const present = await readDataset(store, SHIPPED_NAME);
  // A name that is reserved holds images.
  if (present !== undefined) return { ...(present as StoredDataset<ImageManifest>), created: false };
  return writeDataset(store, SHIPPED_NAME, await importIdx(FASHION_SMALL, SHIPPED_FOLDER));
};
