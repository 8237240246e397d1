import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../nas/core/random.ts';
import { readLatest } from '../../store/checkpoint-documents.ts';
import { keys } from '../../store/keys.ts';
import { acquireLease } from '../../store/leases.ts';
import { PROXY_FAULTS } from '../support/fault-proxy.ts';
import type { ProxyFault } from '../support/fault-proxy.ts';
import { flipBit, flipBitOf } from './flip-bit.ts';
import type { Flip } from './flip-bit.ts';
import { isAlive, signal } from './stack.ts';
import type { ChaosStack } from './stack.ts';
import { createVictims } from './victims.ts';
import { untilEnded } from './zombie.ts';
import type { Fence } from './zombie.ts';

/**
 * What can be done to the stack, by lane: faults of one lane come one after the other, lanes hit at the same
 * time. `lose-host` ends a trainer together with the shell that would report its end, as a machine that
 * vanishes does.
 */
export const LANES = {
  services: [
    ...(['kill-worker', 'kill-batch', 'kill-temporal', 'kill-s3'] as const),
    ...(['pause-worker', 'pause-batch', 'pause-temporal', 'pause-s3'] as const),
    ...(['new-build', 'clock-step', 'disk-full'] as const),
  ],
  trainers: ['kill-trainer', 'lose-host', 'pause-trainer', 'reclaim', 'flip-bit', 'zombie'],
  network: ['s3-proxy', 'batch-proxy'],
  documents: ['damage-result', 'damage-record', 'damage-log'],
} as const;
export type Lane = keyof typeof LANES;
export type Fault = (typeof LANES)[Lane][number];

const DOCUMENTS = {
  'damage-result': /\/result\.json$/,
  'damage-record': /\/(experiment|stages\/[\w-]+)\.json$/,
  'damage-log': /\/searches\/.*(head|segments\/[\w-]+)\.json$/,
} as const;

interface Injection {
  readonly fault: Fault;
  /** Seconds since the soak began. */
  readonly at: number;
  readonly what: string;
}

export interface Faults {
  /**
   * Injects one fault; false when nothing was there to be hurt. Returns when everything that was killed runs
   * again.
   */
  inject(fault: Fault, random: Random): Promise<boolean>;
  /** Resolves once every fenced process was watched to its end. */
  settled(): Promise<void>;
  readonly injections: readonly Injection[];
  readonly fences: readonly Fence[];
  readonly flips: readonly Flip[];
  /** Keys of documents in which a bit was turned over. */
  readonly damaged: readonly string[];
}

/**
 * Kinds of answers that each service gives; watching Batch may be denied, submitting is an administrator's
 * decision.
 */
const KINDS = {
  s3: PROXY_FAULTS,
  batch: PROXY_FAULTS.filter((kind) => kind !== 'denied'),
} as const;
const PAUSE_SECONDS = [2, 8, 25] as const;
const CLOCK_STEPS_MS = [-3_600_000, -60_000, 60_000, 600_000] as const;
const CLOCK_MS = 8_000;
const FULL_MS = 6_000;

const DOWNTIME_SECONDS = [0, 5, 20] as const;
const BURST_MS = 6_000;
const KINDS_PER_BURST = 3;
/** Longer than S3's client waits for a silent connection (20 s). */
const HANG_MS = 25_000;
/** A request that a stopped process had sent is carried out or lost by now, whatever a proxy did to it. */
const IN_FLIGHT_MS = 1_500;

export const createFaults = (stack: ChaosStack, log: (line: string) => void): Faults => {
  const began = performance.now();
  const injections: Injection[] = [];
  const fences: Fence[] = [];
  const flips: Flip[] = [];
  const damaged: string[] = [];
  const watched: Promise<void>[] = [];
  const victims = createVictims(stack);

  const note = (fault: Fault, what: string): true => {
    const at = Math.round((performance.now() - began) / 1000);
    injections.push({ fault, at, what });
    log(`${String(at).padStart(4)} s  ${fault}: ${what}`);
    return true;
  };

  const killService = async (
    name: 'worker' | 'batch' | 'temporal' | 's3',
    random: Random,
  ): Promise<boolean> => {
    const pid = stack.pid(name);
    const downtime = random.pick(DOWNTIME_SECONDS);
    stack.kill(name);
    note(`kill-${name}`, `process ${pid}, back after ${downtime} s`);
    await sleep(downtime * 1000);
    await stack.start(name);
    // A worker that lost Temporal for long has ended itself; somebody starts it again.
    await stack.start('worker');
    return true;
  };

  /** Stops a process for a while: to the others it is there and does not answer. */
  const pauseService = async (
    name: 'worker' | 'batch' | 'temporal' | 's3',
    random: Random,
  ): Promise<boolean> => {
    const pid = stack.pid(name);
    const seconds = random.pick(PAUSE_SECONDS);
    if (pid === undefined || !signal(pid, 'SIGSTOP')) return false;
    note(`pause-${name}`, `process ${pid} for ${seconds} s`);
    await sleep(seconds * 1000);
    signal(pid, 'SIGCONT');
    await stack.start(name);
    await stack.start('worker');
    return true;
  };

  const pauseTrainer = async (random: Random): Promise<boolean> => {
    const victim = await victims.any(random);
    if (victim === undefined || !signal(victim.trainer.pid, 'SIGSTOP')) return false;
    const seconds = random.pick(PAUSE_SECONDS);
    await sleep(seconds * 1000);
    signal(victim.trainer.pid, 'SIGCONT');
    return note('pause-trainer', `${victim.name} for ${seconds} s`);
  };

  const newBuild = async (): Promise<boolean> => {
    note('new-build', `worker ${stack.pid('worker')} is replaced`);
    await stack.replaceWorker();
    return true;
  };

  const stepClock = async (random: Random): Promise<boolean> => {
    const step = random.pick(CLOCK_STEPS_MS);
    stack.stepClock(step);
    note('clock-step', `${step / 1000} s for ${CLOCK_MS / 1000} s`);
    await sleep(CLOCK_MS);
    stack.stepClock(0);
    return true;
  };

  const fillDisk = async (): Promise<boolean> => {
    const { disk } = stack;
    if (disk === undefined) return false;
    const bytes = disk.fill();
    await sleep(FULL_MS);
    disk.free();
    return note('disk-full', `the last ${(bytes / 2 ** 20).toFixed(0)} MiB for ${FULL_MS / 1000} s`);
  };

  /** Turns a bit of a document over that is there, of a run that goes on. */
  const damageDocument = async (
    fault: 'damage-result' | 'damage-record' | 'damage-log',
    random: Random,
  ): Promise<boolean> => {
    const wanted = DOCUMENTS[fault];
    const found: string[] = [];
    try {
      for await (const { key } of stack.store.list('runs/disturbed-'))
        if (wanted.test(key) && !damaged.includes(key)) found.push(key);
      // Of a run that is over nobody reads anything any more.
      const over = await Promise.all(
        found.map((key) => stack.store.head(keys.stageResult(key.split('/')[1] ?? '', 'evaluate'))),
      );
      found.splice(0, found.length, ...found.filter((_, i) => over[i] === undefined));
    } catch {
      return false; // S3 is away.
    }
    if (found.length === 0) return false;
    const key = random.pick(found);
    try {
      const { what } = flipBitOf(stack, key, random);
      damaged.push(key);
      return note(fault, `${key}: ${what}`);
    } catch {
      return false; // It has just been replaced.
    }
  };

  const burst = async (which: 's3' | 'batch', random: Random): Promise<boolean> => {
    const proxy = stack.proxies[which];
    const before = proxy.injected.length;
    proxy.setPlan({
      seed: random.int(2 ** 31),
      rate: 0.3,
      kinds: random.sample<ProxyFault>(KINDS[which], KINDS_PER_BURST),
      latencyMs: 1_000,
      hangMs: HANG_MS,
    });
    await sleep(BURST_MS);
    proxy.setPlan(undefined);
    const kinds = [...new Set(proxy.injected.slice(before).map(({ fault }) => fault))];
    const count = proxy.injected.length - before;
    return count > 0 && note(`${which}-proxy`, `${count} answers: ${kinds.join(', ')}`);
  };

  const killTrainer = async (random: Random): Promise<boolean> => {
    const victim = await victims.dispensable(random);
    if (victim === undefined) return false;
    if (!signal(victim.trainer.pid, 'SIGKILL')) return false;
    return note('kill-trainer', `${victim.name}, process ${victim.trainer.pid}`);
  };

  const loseHost = async (random: Random): Promise<boolean> => {
    const victim = await victims.any(random);
    if (victim === undefined) return false;
    if (!signal(-victim.trainer.shell, 'SIGKILL')) return false;
    return note('lose-host', victim.name);
  };

  const reclaim = async (random: Random): Promise<boolean> => {
    const victim = await victims.any(random);
    if (victim === undefined) return false;
    const noticeSeconds = random.pick([0, 5, 20]);
    const taken = await stack.reclaim(victim.trainer.batchJobId, noticeSeconds);
    return taken && note('reclaim', `${victim.name}, ${noticeSeconds} s notice`);
  };

  /** Damages the newest checkpoint of a job, and makes the job need it. */
  const flip = async (random: Random): Promise<boolean> => {
    const victim = await victims.any(random);
    if (victim?.job === undefined) return false;
    const { trainer, job } = victim;
    if (!signal(trainer.pid, 'SIGSTOP')) return false;
    await sleep(IN_FLIGHT_MS);
    const newest = (await readLatest(stack.store, job)).history[0];
    if (newest === undefined || !isAlive(trainer)) {
      signal(trainer.pid, 'SIGCONT');
      return false;
    }
    const { key, what } = await flipBit(stack, newest, random);
    signal(-trainer.shell, 'SIGKILL');
    const unread = (await stack.store.head(keys.job(job.runId, job.jobId).result)) !== undefined;
    flips.push({ job, key, checkpoint: newest.key, epoch: newest.epoch, unread });
    return note('flip-bit', `${victim.name}, ${what}`);
  };

  /** Stops a process, takes its lease as a newer attempt would, and lets it go on. */
  const zombie = async (random: Random): Promise<boolean> => {
    const victim = await victims.dispensable(random);
    if (victim?.job === undefined) return false;
    const { trainer, job } = victim;
    if (!signal(trainer.pid, 'SIGSTOP')) return false;
    const { epoch } = await acquireLease(stack.store, { ...job, holder: 'chaos' });
    const { history } = await readLatest(stack.store, job);
    const acknowledged = history.map((entry) => entry.key);
    await sleep(random.int(3_000));
    const awake = signal(trainer.pid, 'SIGCONT');
    watched.push(
      untilEnded(stack, trainer, { job, epoch: epoch - 1, acknowledged }).then(
        (fence) => void fences.push(fence),
      ),
    );
    return awake && note('zombie', `${victim.name}, epoch ${epoch - 1}`);
  };

  return {
    injections,
    fences,
    flips,
    damaged,
    settled: async () => void (await Promise.all(watched)),
    inject: async (fault, random) => {
      switch (fault) {
        case 'kill-trainer':
          return killTrainer(random);
        case 'lose-host':
          return loseHost(random);
        case 'kill-worker':
          return killService('worker', random);
        case 'kill-batch':
          return killService('batch', random);
        case 'kill-temporal':
          return killService('temporal', random);
        case 'kill-s3':
          return killService('s3', random);
        case 'pause-worker':
          return pauseService('worker', random);
        case 'pause-batch':
          return pauseService('batch', random);
        case 'pause-temporal':
          return pauseService('temporal', random);
        case 'pause-s3':
          return pauseService('s3', random);
        case 'pause-trainer':
          return pauseTrainer(random);
        case 'new-build':
          return newBuild();
        case 'clock-step':
          return stepClock(random);
        case 'disk-full':
          return fillDisk();
        case 'damage-result':
        case 'damage-record':
        case 'damage-log':
          return damageDocument(fault, random);
        case 'reclaim':
          return reclaim(random);
        case 'flip-bit':
          return flip(random);
        case 'zombie':
          return zombie(random);
        case 's3-proxy':
          return burst('s3', random);
        case 'batch-proxy':
          return burst('batch', random);
      }
    },
  };
};
