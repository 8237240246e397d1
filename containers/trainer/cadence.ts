/** What decides how often a job checkpoints. */
interface CadenceInputs {
  /** Seconds training stands still for one checkpoint (copying the state to host memory). */
  readonly stallSeconds: number;
  /** Seconds one checkpoint takes to be written and acknowledged; overlaps with training. */
  readonly writeSeconds: number;
  readonly reclaimsPerHour: number;
}

/** Share of training time that checkpoints may take. */
const STALL_BUDGET = 0.02;
const MIN_INTERVAL_SECONDS = 5;
const MAX_INTERVAL_SECONDS = 1800;

/**
 * Seconds of training between two checkpoints.
 *
 * Young (1974), first order: `sqrt(2 · cost · MTBF)`; Daly (2006), eq. 20 refines it for a cost that is not
 * small against the mean time between reclaims. The cost is what a checkpoint takes from training. Because
 * writing overlaps, that is the stall plus a share of the write (the writer's thread competes for memory
 * bandwidth and, on few cores, for time); a reclaim during the write also loses the whole interval, so the
 * interval never falls below the write itself, and never so low that stalls take more than 2 % of training.
 */
export const checkpointInterval = ({
  stallSeconds,
  writeSeconds,
  reclaimsPerHour,
}: CadenceInputs): number => {
  const mtbf = 3600 / reclaimsPerHour;
  const cost = stallSeconds + WRITE_SHARE * writeSeconds;
  const daly =
    cost < mtbf / 2
      ? Math.sqrt(2 * cost * mtbf) * (1 + Math.sqrt(cost / (2 * mtbf)) / 3 + cost / (2 * mtbf) / 9) - cost
      : mtbf;
  const bounded = Math.max(daly, writeSeconds, stallSeconds / STALL_BUDGET, MIN_INTERVAL_SECONDS);
  return Math.min(bounded, Math.max(MAX_INTERVAL_SECONDS, writeSeconds, stallSeconds / STALL_BUDGET));
};

/** Share of a write's duration charged to training although it overlaps. */
const WRITE_SHARE = 0.25;

/**
 * Reclaims per hour of running: a Gamma prior updated by what the job has seen. The prior's mean, 0.5 an hour
 * at the weight of 2 hours, sits amid public AWS traces of single V100 and large CPU spot instances (0.06–1.4
 * an hour; Wu et al., NSDI 2024).
 */
export const reclaimsPerHour = (reclaims: number, hours: number): number => (1 + reclaims) / (2 + hours);

/** Seconds between a spot reclaim notice and the end of the instance. */
export const NOTICE_SECONDS = 120;

/** Bytes below which a checkpoint fits the notice on any usable network (64 MiB at 1 MB/s is 67 s). */
export const SURELY_FITS_BYTES = 64 * 2 ** 20;

/** Seconds of the notice that a checkpoint may take: three quarters, the rest is for noticing and leaving. */
export const writeAllowance = (noticeSeconds: number): number => 0.75 * noticeSeconds;
