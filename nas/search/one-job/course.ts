import { examplesOf, placeAt, type Cut } from '../../core/cut.ts';

/** Examples that a program passes: forward and backward, and forward alone. */
export interface Passes {
  readonly trained: number;
  readonly scored: number;
}

/** Examples of the two parts of a data set's training split. */
export interface SearchedParts {
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

/** An epoch of forward passes, each with a backward pass. */
export const training = (cut: Cut, epoch: number): Work => ({
  units: cut.steps(epoch),
  passes: { trained: examplesOf(cut, epoch), scored: 0 },
});

/** Forward passes over so many minibatches from a position on, which counts on from epoch to epoch. */
export const scoring = (cut: Cut, minibatches: number, from = 0): Work => {
  let scored = 0;
  for (let position = from; position < from + minibatches; position++) {
    const { epoch, index } = placeAt(cut, position);
    scored += cut.size(epoch, index);
  }
  return { units: minibatches, passes: { trained: 0, scored } };
};

/** One forward pass over the first so many minibatches of a part in order, or over all. */
export const scoringInOrder = (cut: Cut, minibatches = cut.steps(0)): Work => ({
  units: minibatches,
  passes: { trained: 0, scored: examplesOf(cut, 0, minibatches) },
});

/** Minibatches of a part in order that have no padding: only the last one may have some. */
export const unpadded = (cut: Cut): number => {
  const steps = cut.steps(0);
  return steps > 0 && cut.size(0, steps - 1) < cut.size(0, 0) ? steps - 1 : steps;
};

/** `count` segments of one kind, numbered from `first`; the work of each by its number. */
export const repeated = <Kind extends string>(
  kind: Kind,
  count: number,
  work: (index: number) => Work,
  first = 0,
): readonly SearchSegment<Kind>[] =>
  Array.from({ length: count }, (_, i) => ({ kind, index: first + i, ...work(first + i) }));

/** What a search costs: the passes of its course. */
export const costOf = (course: readonly SearchSegment[]): Passes =>
  course.reduce(
    ({ trained, scored }, { passes }) => ({
      trained: trained + passes.trained,
      scored: scored + passes.scored,
    }),
    { trained: 0, scored: 0 },
  );
