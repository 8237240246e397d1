import { termsOf } from '../../nas/task/terms.ts';
import type { JobDocument } from '../../nas/job/job-document.ts';
import type { JobProgress } from '../../nas/job/progress.ts';
import type { TrainingProgram } from '../../nas/training/program.ts';
import type { AttemptLog } from './attempt-record.ts';
import type { OperationTrace } from './operation-trace.ts';
import type { Sidecar } from './sidecar.ts';
import type { LoopState } from './train-loop.ts';

/** Publishes a running program's progress to `progress.json` and, now and then, to the log. */
export interface ProgressReport {
  /** Cheap: may be called after every step. */
  publish(): void;
  /** What would be published now. */
  document(): Omit<JobProgress, 'updatedAt'>;
  /** One line for people. */
  line(): string;
}

/** Before the program is there: what native code it is made with. */
export const compilingProgress = (
  { program }: Pick<JobDocument, 'program'>,
  { current: { jobId, epoch, batchJobId, batchAttempt } }: AttemptLog,
  operation: string,
  fromStep: number,
): Omit<JobProgress, 'updatedAt'> => ({
  jobId,
  epoch,
  batchJobId,
  batchAttempt,
  phase: 'compiling',
  program: program.kind,
  operation,
  step: fromStep,
  totalSteps: 0,
  checkpointStep: fromStep,
  checkpoints: 0,
  stepsPerSecond: 0,
});

const LOG_SECONDS = 10;

export const progressReport = (
  program: TrainingProgram,
  { kind, data }: Pick<JobDocument['program'], 'kind' | 'data'>,
  trace: Pick<OperationTrace, 'current'>,
  sidecar: Pick<Sidecar, 'progress'>,
  attempt: AttemptLog,
  state: LoopState,
  now: () => number,
  log: (line: string) => void,
): ProgressReport => {
  const started = now();
  const fromStep = program.step;
  let logged = started;
  const stepsPerSecond = (): number => (program.step - fromStep) / Math.max(now() - started, 1e-3);

  const { metric } = termsOf(data.task);
  const line = (): string => {
    const { phase, loss, accuracy } = program.progress();
    return [
      `${attempt.current.jobId}: step ${program.step}/${program.totalSteps} ${phase}`,
      loss !== undefined && `loss ${loss.toFixed(4)}`,
      accuracy !== undefined && `${metric.name} ${metric.format(accuracy)}`,
      `${stepsPerSecond().toFixed(2)} steps/s`,
      `checkpoint at ${state.checkpointStep}`,
    ]
      .filter(Boolean)
      .join(', ');
  };
  const document = (): Omit<JobProgress, 'updatedAt'> => {
    const { jobId, epoch, batchJobId, batchAttempt, notice } = attempt.current;
    return {
      jobId,
      epoch,
      batchJobId,
      batchAttempt,
      ...program.progress(),
      program: kind,
      ...(trace.current !== undefined && { operation: trace.current }),
      step: program.step,
      totalSteps: program.totalSteps,
      checkpointStep: state.checkpointStep,
      checkpoints: state.checkpoints,
      stepsPerSecond: stepsPerSecond(),
      ...(notice && { notice: notice.kind }),
    };
  };
  const publish = (): void => {
    sidecar.progress(document());
    if (now() - logged < LOG_SECONDS) return;
    logged = now();
    log(line());
  };
  return { publish, document, line };
};
