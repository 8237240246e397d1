import type { Json } from '../../core/json.ts';
import type { CurvePoint, ProgramResult } from '../../job/program-result.ts';
import type { Inference, Snapshot, TrainingProgram } from '../program.ts';
import type { Course, Place } from './segments.ts';
import type { Objective, Score, Tally } from '../tasks/tensor-task.ts';
import { meanLoss } from './tally.ts';

/** What every program's state holds beside its own. */
type CourseState = Json & {
  readonly curve: readonly CurvePoint[];
  /** Of architectures, in the order of scoring; the last may not be whole. */
  readonly scores?: readonly Score[];
};

/** How far a program is, for displays. */
const standing = ({ curve, scores = [] }: CourseState, { score }: Objective) => {
  const best = Math.max(
    ...curve.flatMap(({ validationAccuracy }) => validationAccuracy ?? []),
    ...scores.slice(0, -1).map(score),
  );
  const trainingEpoch = curve.at(-1)?.epoch;
  return {
    ...(trainingEpoch === undefined ? {} : { trainingEpoch }),
    ...(Number.isFinite(best) ? { bestAccuracy: best } : {}),
  };
};

/** What one unit of work leaves behind. */
export interface Done<State> {
  readonly state: State;
  /** Of the unit's minibatch, for displays; absent: the one before stays. */
  readonly latest?: Tally;
  /** The unit ended the program before the end of its course. */
  readonly stops?: boolean;
}

/**
 * What a program that walks a course says of its own; `State` is everything but tensors that its snapshots
 * hold.
 */
interface CourseWork<Kind extends string, State extends CourseState> {
  /** What is learnt. */
  readonly task: Objective;
  readonly course: Course<Kind>;
  /** Before the first step. */
  readonly initial: State;
  /** One unit of work, by the kind of its segment; throws before any state changes. */
  readonly units: Readonly<Record<Kind, (state: State, at: Place) => Done<State> | Promise<Done<State>>>>;
  /** Copies of all tensors. */
  read(): Snapshot['tensors'];
  /** Moves to the tensors of a snapshot and forgets whatever was derived from those before. */
  write(tensors: Snapshot['tensors']): void;
  /** The result of a state at the end of the course. */
  result(state: State): ProgramResult;
  /** The network as it is now, where the program trains one. */
  inference?(): Promise<Inference>;
  dispose(): void;
}

/** A training program from its course: counts the steps and keeps the state between them. */
export const courseProgram = <Kind extends string, State extends CourseState>({
  task,
  course,
  initial,
  units,
  read,
  write,
  result,
  inference,
  dispose,
}: CourseWork<Kind, State>): TrainingProgram => {
  const { totalSteps } = course;
  let step = 0;
  let state = initial;
  let latest: Tally | undefined;
  return {
    totalSteps,
    get step() {
      return step;
    },
    advance: async () => {
      const position = course.at(step);
      const done = await units[position.kind](state, position);
      state = done.state;
      latest = done.latest ?? latest;
      step = done.stops ? totalSteps : step + 1;
    },
    snapshot: () => ({ step, tensors: read(), state }),
    restore: (snapshot) => {
      write(snapshot.tensors);
      step = snapshot.step;
      state = snapshot.state as State;
      latest = undefined;
    },
    progress: () => ({
      phase: step === totalSteps ? 'done' : course.at(step).kind,
      ...standing(state, task),
      ...(latest && { accuracy: task.score(latest) }),
      // The loss of an untrained path may overflow.
      ...(latest && Number.isFinite(latest.loss) && { loss: meanLoss(task, latest) }),
    }),
    result: () => {
      if (step !== totalSteps) throw new Error(`result at step ${step} of ${totalSteps}`);
      return result(state);
    },
    ...(inference && { inference }),
    dispose,
  };
};
