/** Images that a program passes: forward and backward, and forward alone. */
export interface Passes {
  readonly trained: number;
  readonly scored: number;
}

/** Images of the two parts of a data set's training split. */
export interface SearchedImages {
  readonly train: number;
  readonly validation: number;
}

/** A stretch of equal units of work, each of which is a minibatch or a pair of them. */
export interface SearchSegment<Kind extends string = string> {
  readonly kind: Kind;
  /** Which epoch, candidate or pass it is; counts from 0 within its kind. */
  readonly index: number;
  readonly units: number;
  /** Of all units. */
  readonly passes: Passes;
}

/** What segments of one kind have in common. */
export type Work = Pick<SearchSegment, 'units' | 'passes'>;

/** So many forward passes over whole minibatches, each with a backward pass. */
export const training = (minibatches: number, batchSize: number, passes = 1): Work => ({
  units: minibatches,
  passes: { trained: passes * minibatches * batchSize, scored: 0 },
});

/** Forward passes over whole minibatches. */
export const scoring = (minibatches: number, batchSize: number): Work => ({
  units: minibatches,
  passes: { trained: 0, scored: minibatches * batchSize },
});

/** One forward pass over all images; the last minibatch is padded. */
export const scoringAll = (images: number, batchSize: number): Work => ({
  units: Math.ceil(images / batchSize),
  passes: { trained: 0, scored: images },
});

/** Minibatches in so many images; those that do not fill the last one are left out. */
export const wholeMinibatches = (images: number, batchSize: number): number => Math.floor(images / batchSize);

/** `count` segments of one kind, numbered from `first`. */
export const repeated = <Kind extends string>(
  kind: Kind,
  count: number,
  work: Work,
  first = 0,
): readonly SearchSegment<Kind>[] =>
  Array.from({ length: count }, (_, i) => ({ kind, index: first + i, ...work }));

/** What a search costs: the passes of its course. */
export const costOf = (course: readonly SearchSegment[]): Passes =>
  course.reduce(
    ({ trained, scored }, { passes }) => ({
      trained: trained + passes.trained,
      scored: scored + passes.scored,
    }),
    { trained: 0, scored: 0 },
  );
