import { setImmediate } from 'node:timers/promises';
import type { TrainingProgram } from '../../nas/training/program.ts';
import type { StaleLeaseError } from '../../store/leases.ts';
import { checkpointInterval, reclaimsPerHour } from './cadence.ts';
import type { Sidecar } from './sidecar.ts';

/** Requests from outside, read between two steps. */
export interface Control {
  /** The instance or the platform ends the attempt: checkpoint and leave. */
  stop: boolean;
  /** Checkpoint at the next step whatever the cadence says. */
  checkpointNow: boolean;
  /** Set when a newer attempt owns the job. */
  fenced: StaleLeaseError | undefined;
}

export interface LoopSettings {
  readonly intervalSeconds: number | 'auto';
  /** A checkpoint every so many steps besides the timed ones; 0 = none. */
  readonly everySteps: number;
  /** Reclaims and hours of running in earlier attempts, for the cadence. */
  readonly history: { readonly reclaims: number; readonly hours: number };
  /** Seconds; injected so that the loop itself reads no clock. */
  readonly now: () => number;
  /** Called after each step, before a checkpoint of it begins. */
  readonly onStep?: (step: number) => void;
}

/** What the loop measured; wall-clock lives here and in attempt records only. */
interface LoopReport {
  readonly end: 'done' | 'stopped';
  readonly trainSeconds: number;
  readonly checkpoints: { readonly count: number; readonly bytes: number; readonly stallSeconds: number };
}

/** Running figures that progress displays read. */
export interface LoopState {
  /** Step of the newest acknowledged checkpoint, or the step restored from. */
  checkpointStep: number;
  checkpoints: number;
  bytes: number;
  /** Seconds training stood still for checkpoints. */
  stallSeconds: number;
  /** Seconds the newest one took to be acknowledged. */
  lastWriteSeconds: number;
}

/**
 * Runs a program to its end, or to the step at which it is asked to stop, checkpointing on the way. Writing
 * overlaps with training; at most one cadence checkpoint is under way. On both ends the last step is
 * checkpointed and acknowledged before the loop returns.
 *
 * @throws StaleLeaseError when a newer attempt owns the job, StorageLostError when a checkpoint could not be
 * written
 *   within the retry budget, and what the program throws (`DivergedError`, …).
 */
export const trainLoop = async (
  program: TrainingProgram,
  sidecar: Pick<Sidecar, 'save'>,
  control: Control,
  settings: LoopSettings,
  state: LoopState,
): Promise<LoopReport> => {
  const { everySteps, history, now } = settings;
  const started = now();
  let lastSaved = started;
  let saving: Promise<void> | undefined;
  let failure: unknown;
  let snapshots = 0;

  const startSave = (): Promise<void> => {
    const before = now();
    const written = sidecar.save(program.snapshot());
    lastSaved = now();
    state.stallSeconds += lastSaved - before;
    snapshots += 1;
    return written.then((report) => {
      if (!report) return;
      state.checkpoints += 1;
      state.bytes += report.bytesUploaded;
      state.checkpointStep = report.step;
      state.lastWriteSeconds = report.seconds;
    });
  };
  const saveAside = (): void => {
    saving = startSave()
      .catch((error: unknown) => void (failure ??= error))
      .finally(() => (saving = undefined));
  };
  const interval = (): number =>
    settings.intervalSeconds === 'auto'
      ? checkpointInterval({
          stallSeconds: snapshots === 0 ? 0 : state.stallSeconds / snapshots,
          writeSeconds: state.lastWriteSeconds,
          reclaimsPerHour: reclaimsPerHour(history.reclaims, history.hours + (now() - started) / 3600),
        })
      : settings.intervalSeconds;

  while (program.step < program.totalSteps && !control.stop) {
    if (control.fenced !== undefined) throw control.fenced;
    if (failure !== undefined) throw failure;
    await program.advance();
    settings.onStep?.(program.step);
    if (program.step === program.totalSteps) break;
    if (everySteps > 0 && program.step % everySteps === 0) {
      const before = now();
      await saving;
      state.stallSeconds += now() - before;
      saveAside();
    } else if (!saving && (control.checkpointNow || now() - lastSaved >= interval())) {
      control.checkpointNow = false;
      saveAside();
    }
    // Lets messages of the sidecar and signals in.
    await setImmediate();
  }
  if (control.fenced !== undefined) throw control.fenced;
  // At this step already written, or being written: a manifest is immutable, so it is not written twice.
  await saving;
  if (state.checkpointStep !== program.step) await startSave();
  if (failure !== undefined) throw failure;
  const { checkpoints: count, bytes, stallSeconds } = state;
  return {
    end: program.step === program.totalSteps ? 'done' : 'stopped',
    trainSeconds: now() - started,
    checkpoints: { count, bytes, stallSeconds },
  };
};
