import { apportion, type Shortage } from '../../core/apportion.ts';
import { deriveSeed, randomFromSeed } from '../../core/random.ts';
import type { ImageSet } from './image-set.ts';

export interface TrainValidationSplit {
  /** Ascending indices into the training split. */
  readonly train: Int32Array;
  readonly validation: Int32Array;
}

/** Indices of each class's images, ascending. */
export const indicesByClass = (labels: Int32Array): readonly (readonly number[])[] => {
  const byClass: number[][] = [];
  labels.forEach((label, index) => (byClass[label] ??= []).push(index));
  return Array.from(byClass, (indices) => indices ?? []);
};

/** What a split is made of: a data set in memory, a stream, or labels alone. */
interface SplitSource extends Pick<ImageSet, 'labels'> {
  /** So many images at the end are the validation split that the data set gives; absent: it gives none. */
  readonly givenValidation?: number | undefined;
  /** Names for messages. */
  readonly classes?: readonly string[];
}

const shortageText = (
  shortage: Shortage,
  { labels, classes }: SplitSource,
  fraction: number,
  classCount: number,
): string => {
  const all = `validationFraction: ${fraction} of ${labels.length} images`;
  if (shortage.kind === 'total')
    return (
      `${all} leaves ${shortage.left} to train on and ${shortage.taken} to validate on; ` +
      `both need at least one of each of the ${classCount} classes`
    );
  const name = classes?.[shortage.index] ?? `${shortage.index}`;
  return `${all}: class ${name} has ${shortage.size} training image${shortage.size === 1 ? '' : 's'}, and needs 2, to be in both parts`;
};

/**
 * Splits the official training images into training and validation: as the data set gives it, else stratified
 * by class: of each class, as many seeded-random images as `apportion` says are held out. Depends on labels,
 * fraction and seed alone, so all stages of a run see the same two sets. Throws where a class would be
 * missing from a part.
 */
export const splitTrainValidation = (
  dataset: SplitSource,
  fraction: number,
  seed: number,
): TrainValidationSplit => {
  if (!(fraction > 0 && fraction < 1)) {
    throw new RangeError(`validationFraction: ${fraction}, allowed: between 0 and 1, exclusive`);
  }
  const count = dataset.labels.length;
  if (dataset.givenValidation !== undefined) {
    const indices = Int32Array.from(dataset.labels.keys());
    const first = count - dataset.givenValidation;
    return { train: indices.slice(0, first), validation: indices.slice(first) };
  }
  const byClass = indicesByClass(dataset.labels);
  const parts = apportion(
    byClass.map((indices) => indices.length),
    fraction,
  );
  if (parts.kind !== 'apportioned')
    throw new RangeError(shortageText(parts, dataset, fraction, byClass.length));
  const train: number[] = [];
  const validation: number[] = [];
  for (const [label, indices] of byClass.entries()) {
    const shuffled = randomFromSeed(deriveSeed(seed, 'split', label)).shuffle(indices);
    const held = parts.taken[label] as number;
    for (const index of shuffled.slice(0, held)) validation.push(index);
    for (const index of shuffled.slice(held)) train.push(index);
  }
  return { train: Int32Array.from(train).sort(), validation: Int32Array.from(validation).sort() };
};
