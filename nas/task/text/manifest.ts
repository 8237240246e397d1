import { z } from 'zod';
import { hashJson } from '../../core/hash.ts';
import { contentRefSchema, sha256Schema } from '../../core/blob.ts';
import { VOCABULARY_LIMIT } from './vocabulary.ts';

const count = z.number().int().min(0);

const split = z.strictObject({
  /** Tokens in all shards together, `<eos>` after every line among them. */
  count: z.number().int().min(2),
  lines: z.number().int().min(1),
  shards: z.array(z.strictObject({ blob: contentRefSchema, count: z.number().int().min(1) })).min(1),
});

/** Of one part of the data, beside what it holds. */
const evaluated = z.strictObject({
  /** Its perplexity under models of the training text (`baselines.ts`). */
  unigram: z.number().positive(),
  bigram: z.number().positive(),
  /** Tokens whose types the training text lacks. */
  unseen: count,
});

/**
 * A text to be modelled word by word: its vocabulary, three token streams, and what its own statistics
 * predict of two of them. Content alone decides its hash; see `nas/task/text/token-shard.ts` for the blobs'
 * layout.
 */
export const textManifestSchema = z.strictObject({
  version: z.literal(1),
  task: z.literal('language-modelling'),
  name: z.string(),
  vocabulary: z.strictObject({
    blob: contentRefSchema,
    /** Types, `<eos>` among them. */
    size: z.number().int().min(2).max(VOCABULARY_LIMIT),
  }),
  splits: z.strictObject({ train: split, validation: split, test: split }),
  baselines: z.strictObject({ validation: evaluated, test: evaluated }),
  /** Hash of the hashes of all blobs. */
  sha256: sha256Schema,
  source: z.string(),
  licence: z.string(),
  verified: z.string(),
});
export type TextManifest = z.infer<typeof textManifestSchema>;
export type TextSplit = keyof TextManifest['splits'];

export const TEXT_SPLITS = ['train', 'validation', 'test'] as const satisfies readonly TextSplit[];

/** The content hash that a manifest states. */
export const textHash = ({ vocabulary, splits }: Pick<TextManifest, 'vocabulary' | 'splits'>): string => {
  const shards = (name: TextSplit): string[] => splits[name].shards.map(({ blob }) => blob.sha256);
  return hashJson({
    vocabulary: vocabulary.blob.sha256,
    train: shards('train'),
    validation: shards('validation'),
    test: shards('test'),
  });
};
