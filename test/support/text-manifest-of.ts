import { textManifestSchema, type TextManifest } from '../../nas/task/text/manifest.ts';

const SHA256 = '0'.repeat(64);

/** The manifest of a text with so many types, and tokens in its three parts; there are no blobs of it. */
export const textManifestOf = (
  name: string,
  size: number,
  [train, validation, test]: readonly [number, number, number],
): TextManifest => {
  const split = (count: number) => ({
    count,
    lines: 1,
    shards: [{ blob: { sha256: SHA256, bytes: 2 * count }, count }],
  });
  const evaluated = { unigram: 600, bigram: 300, unseen: 0 };
  return textManifestSchema.parse({
    version: 1,
    task: 'language-modelling',
    name,
    vocabulary: { blob: { sha256: SHA256, bytes: 10 * size }, size },
    splits: { train: split(train), validation: split(validation), test: split(test) },
    baselines: { validation: evaluated, test: evaluated },
    sha256: SHA256,
    source: 'a test',
    licence: 'none',
    verified: 'never',
  });
};
