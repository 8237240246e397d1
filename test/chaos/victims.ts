import type { Random } from '../../nas/core/random.ts';
import { readLatest } from '../../store/checkpoint-documents.ts';
import type { JobRef } from '../../store/checkpoint-documents.ts';
import { currentLease } from '../../store/leases.ts';
import type { ChaosStack, Trainer } from './stack.ts';

interface Victim {
  readonly trainer: Trainer;
  /** The job whose lease this very process holds; absent while it starts. */
  readonly job: JobRef | undefined;
  /** For people: `disturbed-3/stage-1/seed-0`. */
  readonly name: string;
}

/**
 * A killed or fenced process leaves `lost` behind, of which a job has five; more would test the budget, not
 * recovery.
 */
const LOST_PER_JOB = 4;

/**
 * One in so many is hurt before its first checkpoint; the others get on by one, or a soak would stand still
 * on a busy machine.
 */
const EARLY = 4;

/** Chooses among the trainers that run. */
export const createVictims = (stack: ChaosStack) => {
  const lost = new Map<string, number>();

  const any = async (random: Random): Promise<Victim | undefined> => {
    const running = await stack.trainers();
    if (running.length === 0) return undefined;
    const trainer = random.pick(running);
    const works = await stack.jobOf(trainer);
    if (works === undefined) return undefined;
    const lease = await currentLease(stack.store, works);
    const holds = lease?.holder?.endsWith(`/${trainer.pid}`) === true;
    const advanced = holds && (await readLatest(stack.store, works)).history[0]?.epoch === lease.epoch;
    if (!advanced && random.int(EARLY) > 0) return undefined;
    return { trainer, job: holds ? works : undefined, name: `${works.runId}/${works.jobId}` };
  };

  return {
    any,
    /** One whose job may lose a process once more without a machine being to blame. */
    dispensable: async (random: Random): Promise<Victim | undefined> => {
      const victim = await any(random);
      const before = victim === undefined ? 0 : (lost.get(victim.name) ?? 0);
      if (victim === undefined || before >= LOST_PER_JOB) return undefined;
      lost.set(victim.name, before + 1);
      return victim;
    },
  };
};
