/** A stretch of equal units of work in a program. */
export interface Segment<Kind extends string> {
  readonly kind: Kind;
  /** Which epoch, candidate or pass it is; counts from 0 within its kind. */
  readonly index: number;
  readonly units: number;
}

/** A unit of work within a segment. */
export interface Place {
  /** Of the segment. */
  readonly index: number;
  /** Unit within the segment, from 0. */
  readonly unit: number;
  readonly isLastUnit: boolean;
}

export interface Position<Kind extends string> extends Place {
  readonly kind: Kind;
}

/**
 * A program's course: its total number of steps, and where each step lies. Depends on the spec and data sizes
 * alone.
 */
export interface Course<Kind extends string> {
  readonly totalSteps: number;
  /** Position of the step that follows `step` finished ones. */
  at(step: number): Position<Kind>;
}

export const courseOf = <Kind extends string>(segments: readonly Segment<Kind>[]): Course<Kind> => {
  const ends: number[] = [];
  for (const { units } of segments) ends.push((ends.at(-1) ?? 0) + units);
  const totalSteps = ends.at(-1) ?? 0;
  // Consecutive calls move forwards, so the search starts where the last one ended.
  let cursor = 0;
  return {
    totalSteps,
    at: (step) => {
      if (!Number.isInteger(step) || step < 0 || step >= totalSteps)
        throw new RangeError(`step ${step}: allowed: 0 to ${totalSteps - 1}`);
      if (step < (ends[cursor - 1] ?? 0)) cursor = 0;
      while (step >= (ends[cursor] as number)) cursor += 1;
      const { kind, index, units } = segments[cursor] as Segment<Kind>;
      const unit = step - (ends[cursor - 1] ?? 0);
      return { kind, index, unit, isLastUnit: unit === units - 1 };
    },
  };
};
