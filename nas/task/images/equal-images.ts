import { z } from 'zod';

const count = z.number().int().min(0);

/** Images that have the same pixels as another, as the data set holds them. */
export const equalCountsSchema = z.strictObject({
  /** Test images that are training images, those for validation left aside. */
  testInTraining: count,
  /** Test images that are in the data set's own validation split. */
  testInValidation: count,
  validationInTraining: count,
  /** Images that another one of the same pixels contradicts: it is of another class. */
  contradicting: count,
  /** Images that are in their split and class before. */
  repeated: count,
});
export type EqualCounts = Readonly<z.infer<typeof equalCountsSchema>>;

const SAID: Readonly<Record<keyof EqualCounts, string>> = {
  testInTraining: 'test images are training images too: accuracy on them says nothing of unseen images',
  testInValidation: 'test images are validation images too',
  validationInTraining: 'validation images are training images too',
  contradicting: 'images are the same as one of another class',
  repeated: 'images are in their split and class before',
};

/** What there is to say of them, one sentence each. */
export const equalSentences = (equal: EqualCounts, testImages: number): readonly string[] =>
  (Object.keys(SAID) as (keyof EqualCounts)[]).flatMap((name) =>
    equal[name] === 0
      ? []
      : [`${equal[name]}${name === 'testInTraining' ? ` of ${testImages}` : ''} ${SAID[name]}`],
  );

export const equalText = (equal: EqualCounts, testImages: number): string =>
  equalSentences(equal, testImages).join('; ') || 'none: no two images have the same pixels';
