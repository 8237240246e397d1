import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import sharp from 'sharp';
import { z } from 'zod';
import { parseJson } from '../../nas/core/json.ts';
import type { InMemoryDataset } from '../../nas/task/images/dataset.ts';
import { allocateShared } from '../../nas/task/images/dataset.ts';
import { channelHistogram, type ImageSet } from '../../nas/task/images/image-set.ts';
import type { ImageSource } from '../../nas/training/tasks/images/image-data.ts';
import { importFrom } from '../../scripts/data/add-images.ts';

const DONE = 'images.json';

const factsSchema = z.strictObject({
  shape: z.tuple([z.number(), z.number(), z.number()]).readonly(),
  count: z.number(),
  classes: z.array(z.string()).readonly(),
  mean: z.array(z.number()).readonly(),
  std: z.array(z.number()).readonly(),
});

/** Scales images [N, H, W, C] to [N, side, side, C]. */
const scaled = async (
  { images, shape: [height, width, channels] }: ImageSet,
  side: number,
): Promise<Uint8Array> => {
  const [from, to] = [height * width * channels, side * side * channels];
  const out = new Uint8Array((images.length / from) * to);
  const limit = pLimit(availableParallelism());
  await Promise.all(
    Array.from({ length: images.length / from }, (_, i) =>
      limit(async () => {
        const raw = { width, height, channels: channels as 1 | 3 };
        const pixels = sharp(images.subarray(i * from, (i + 1) * from), { raw }).resize(side, side, {
          kernel: 'linear',
        });
        out.set(await pixels.raw().toBuffer(), i * to);
      }),
    ),
  );
  return out;
};

/** Decodes CIFAR-10's training images once, scaled to `side` pixels, into files of `folder`. */
export const prepareImages = async (from: string, side: number, folder: string): Promise<void> => {
  if (existsSync(join(folder, DONE))) return;
  mkdirSync(folder, { recursive: true });
  const { train, classes } = await importFrom('cifar10', from, {});
  const shape = [side, side, train.shape[2]] as const;
  const images = await scaled(train, side);
  const histogram = channelHistogram(shape[2]);
  histogram.add(images);
  writeFileSync(join(folder, 'images.bin'), images);
  writeFileSync(
    join(folder, 'labels.bin'),
    new Uint8Array(train.labels.buffer, train.labels.byteOffset, train.labels.byteLength),
  );
  const facts: z.infer<typeof factsSchema> = {
    shape,
    count: train.labels.length,
    classes,
    ...histogram.statistics(),
  };
  writeFileSync(join(folder, `${DONE}.part`), JSON.stringify(facts));
  renameSync(join(folder, `${DONE}.part`), join(folder, DONE));
};

/** The images that `prepareImages` left; searches never open the test split. */
export const preparedImages = (folder: string): ImageSource => {
  const { shape, count, classes, mean, std } = parseJson(
    factsSchema,
    readFileSync(join(folder, DONE), 'utf8'),
  );
  return {
    shape,
    classes: classes.length,
    counts: { train: count, test: 0 },
    open: async (split): Promise<InMemoryDataset> => {
      if (split !== 'train') throw new Error(`split ${split}: allowed: train`);
      const set = allocateShared(shape, count);
      set.images.set(readFileSync(join(folder, 'images.bin')));
      const labels = readFileSync(join(folder, 'labels.bin'));
      set.labels.set(
        new Int32Array(labels.buffer.slice(labels.byteOffset, labels.byteOffset + labels.byteLength)),
      );
      return { ...set, name: 'cifar10', split, classes, mean, std };
    },
  };
};
