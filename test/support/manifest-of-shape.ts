import type { ImageManifest } from '../../nas/task/images/manifest.ts';

/** A data set without images, for what needs their shape alone. */
export const manifestOfShape = (
  name: string,
  shape: ImageManifest['shape'],
  classes = 10,
): ImageManifest => ({
  version: 1,
  name,
  shape,
  classes: Array.from({ length: classes }, (_, k) => `${k}`),
  splits: { train: { count: 1, shards: [] }, test: { count: 1, shards: [] } },
  normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
  sha256: '',
  source: '',
  licence: '',
  verified: '',
});
