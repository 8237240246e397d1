import type { AttemptDetail } from '@aws-sdk/client-batch';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attemptEnd, cannotPull, cannotStart, notExecutable } from './attempt-end.ts';
import type { AwakeClock } from './awake-clock.ts';
import { environment, isCommand, substitute } from './command.ts';
import type { Jobs } from './jobs.ts';
import { queueOf, specOf } from './lookup.ts';
import { arns, newInstanceId, newTaskId } from './names.ts';
import type { Options } from './options.ts';
import type { Placement } from './placement.ts';
import { codeOf, freeCapacity, instanceTypeOf, occupy, place } from './placement.ts';
import { fate, groupMemory, killRemains, launch, signalCommand } from './processes.ts';
import { createQueueFront } from './queue-front.ts';
import type { QueueFront } from './queue-front.ts';
import type { CurrentAttempt, Instance, Job, Settings, Stop, StopCause } from './records.ts';
import { demandOf } from './resources.ts';
import type { AttemptEnd } from './retry.ts';
import { retries } from './retry.ts';
import type { State } from './state.ts';

const WATCH_MS = 100;
/** An array may start thousands of processes; between some of them the endpoint answers requests. */
const LAUNCHING_AT_ONCE = 32;
/** Rounds of `WATCH_MS` between looks at adopted processes, at memory, and at old jobs. */
const ADOPTED_EVERY = 3;
const MEMORY_EVERY = 20;
const FORGET_EVERY = 36_000;

export interface Scheduler {
  /** Looks soon whether jobs can move on. */
  poke(): void;
  /** Begins to end the job's running attempt: SIGTERM, then SIGKILL after the stop timeout. */
  stop(job: Job, cause: StopCause, options?: { reason?: string; graceSeconds?: number }): void;
  settings(): Settings;
  /** The first jobs of a queue that wait for a machine. */
  readonly front: Pick<QueueFront, 'of'>;
  /** Leaves job processes alone; they are adopted by the next endpoint on the same state. */
  close(): void;
}

/** Attempts of a job live in one folder each, named by ECS task id. */
export const attemptDir = (stateDir: string, jobId: string, taskId: string): string =>
  path.join(stateDir, 'attempts', jobId.replace(':', '-'), taskId);

/**
 * Walks jobs through their states. Every decision is on disk before it has an effect outside: an attempt is
 * recorded before its process starts, a stop before its signal is sent.
 */
export const startScheduler = (
  state: State,
  jobs: Jobs,
  clock: AwakeClock,
  options: Options,
  metadataEndpoint: (instanceId: string) => string,
): Scheduler => {
  const { tables } = state;
  const machine = { vcpus: options.vcpus, memoryMiB: options.memoryMiB, gpus: options.gpus };
  /** Attempts between their record and their process. */
  const launching = new Set<string>();
  /** Supervising shells that are children of this process and not yet known to have ended. */
  const own = new Set<string>();
  const ended = new Set<string>();
  const front = createQueueFront();
  let closed = false;
  let planned = false;
  let round = 0;

  const guard = (work: Promise<unknown>): void => {
    work.catch((cause: unknown) => {
      if (!closed) options.onFatal(cause instanceof Error ? cause : new Error(String(cause)));
    });
  };
  const settings = (): Settings =>
    tables.settings.get('current') ?? { slots: options.slots, unavailableImages: [] };
  const jobOf = (jobId: string): Job => tables.jobs.get(jobId) as Job;

  const finish = (job: Job, end: AttemptEnd, endedAt: number): void => {
    const current = job.current as CurrentAttempt;
    // A process may end before its start has been seen.
    const stoppedAt = Math.max(Math.round(endedAt), current.startedAt ?? 0);
    const instance = tables.instances.get(current.instanceId);
    const detail: AttemptDetail = {
      container: {
        ...(instance === undefined
          ? {}
          : {
              containerInstanceArn: arns.containerInstance(
                options.place,
                current.computeEnvironment,
                instance.containerInstanceId,
              ),
            }),
        taskArn: arns.task(options.place, current.computeEnvironment, current.taskId),
        ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
        ...(end.reason === undefined ? {} : { reason: end.reason }),
        logStreamName: current.logStreamName,
        networkInterfaces: [],
      },
      ...(current.startedAt === undefined ? {} : { startedAt: current.startedAt }),
      stoppedAt,
      statusReason: end.statusReason,
    };
    const { current: _ended, statusReason: _old, ...rest } = job;
    const base: Job = { ...rest, attempts: [...job.attempts, detail] };
    const succeeded = end.exitCode === 0 && current.stop?.termSent !== true;
    const again =
      !succeeded &&
      job.isTerminated !== true &&
      !(current.stop?.cause === 'timeout' && current.stop.termSent) &&
      retries(specOf(tables, job).retryStrategy, current.number, end);
    own.delete(job.jobId);
    ended.delete(job.jobId);
    jobs.put(
      [
        again
          ? { ...base, status: 'RUNNABLE', runnableAt: Date.now() }
          : {
              ...base,
              status: succeeded ? 'SUCCEEDED' : 'FAILED',
              statusReason: end.statusReason,
              stoppedAt,
              endedTick: clock.stamp(),
            },
      ],
      ['instances', current.instanceId, null],
    );
    poke();
  };

  const begin = async (job: Job, at: Extract<Placement, { kind: 'placed' }>): Promise<void> => {
    const spec = specOf(tables, job);
    const name = at.environment.computeEnvironmentName as string;
    const taskId = newTaskId();
    const instance: Instance = {
      instanceId: newInstanceId(),
      containerInstanceId: newTaskId(),
      jobId: job.jobId,
      attempt: job.attempts.length + 1,
      market: at.environment.computeResources?.type?.includes('SPOT') === true ? 'spot' : 'on-demand',
      instanceType: instanceTypeOf(at.environment),
      availabilityZone: `${options.place.region}a`,
      launchedAt: Date.now(),
    };
    const current: CurrentAttempt = {
      number: instance.attempt,
      dir: attemptDir(options.stateDir, job.jobId, taskId),
      instanceId: instance.instanceId,
      computeEnvironment: name,
      taskId,
      logStreamName: `${spec.jobDefinitionName}/default/${taskId}`,
    };
    const { statusReason: _blocked, blockedTick: _since, ...rest } = job;
    launching.add(job.jobId);
    jobs.put([{ ...rest, status: 'STARTING', current }], ['instances', instance.instanceId, instance]);
    try {
      await state.flush();
      if (options.stateMs > 0) await sleep(options.stateMs);
      if (closed) return;
      const image = spec.container.image ?? '';
      if (settings().unavailableImages.includes(image))
        return finish(jobOf(job.jobId), cannotPull(image), Date.now());
      const command = substitute(spec.container.command ?? [], spec.parameters);
      const env = environment(options.env, spec, job, instance, name, metadataEndpoint(instance.instanceId));
      if (!isCommand(command[0] ?? '', env['PATH'] ?? '', options.cwd))
        return finish(jobOf(job.jobId), notExecutable(command[0] ?? ''), Date.now());
      own.add(job.jobId);
      const started = await launch({
        dir: current.dir,
        command,
        cwd: options.cwd,
        env,
        onExit: () => {
          ended.add(job.jobId);
          if (!launching.has(job.jobId) && !closed) look(jobOf(job.jobId));
        },
      }).catch((cause: unknown) => (cause instanceof Error ? cause : new Error(String(cause))));
      if (started instanceof Error) return finish(jobOf(job.jobId), cannotStart(started.message), Date.now());
      const starting = jobOf(job.jobId);
      const startedAt = Date.now();
      jobs.put([
        {
          ...starting,
          status: 'RUNNING',
          startedAt,
          current: {
            ...(starting.current as CurrentAttempt),
            pid: started,
            startedAt,
            startedTick: clock.stamp(),
          },
        },
      ]);
    } finally {
      if (launching.size >= LAUNCHING_AT_ONCE) poke();
      launching.delete(job.jobId);
    }
    if (ended.has(job.jobId) && !closed) look(jobOf(job.jobId));
    guard(state.flush());
  };

  /** Sees what has become of a job's process. */
  const look = (job: Job): void => {
    const { current } = job;
    if (current === undefined || launching.has(job.jobId)) return;
    const now = fate(current.dir, current.pid);
    switch (now?.kind) {
      case undefined:
        return;
      case 'running':
        if (current.pid === undefined)
          jobs.put([
            {
              ...job,
              status: 'RUNNING',
              startedAt: Date.now(),
              current: { ...current, pid: now.pid, startedAt: Date.now(), startedTick: clock.stamp() },
            },
          ]);
        return;
      case 'exited':
        finish(job, attemptEnd(current, now.exitCode), now.at);
        break;
      case 'vanished':
        if (current.pid !== undefined) killRemains(current.pid, job.jobId);
        finish(job, attemptEnd(current, undefined), Date.now());
        break;
      case 'never-started': {
        const { current: _unused, ...rest } = job;
        jobs.put([{ ...rest, status: 'RUNNABLE' }], ['instances', current.instanceId, null]);
        poke();
      }
    }
    guard(state.flush());
  };

  const stop: Scheduler['stop'] = (
    job,
    cause,
    { reason, graceSeconds = options.stopTimeoutSeconds } = {},
  ) => {
    const current = job.current as CurrentAttempt;
    if (current.stop !== undefined) return;
    const record: Stop = {
      cause,
      ...(reason === undefined ? {} : { reason }),
      killTick: clock.stamp() + (cause === 'memory' ? 0 : graceSeconds * options.secondMs),
      termSent: false,
    };
    jobs.put([{ ...job, current: { ...current, stop: record } }]);
    guard(state.flush().then(() => signalStop(job.jobId, current.taskId)));
  };

  /** Sends the signal that is due, if the attempt is still the same. */
  const signalStop = (jobId: string, taskId: string): void => {
    const job = tables.jobs.get(jobId);
    const current = job?.current;
    if (job === undefined || current?.taskId !== taskId || current.stop === undefined || closed) return;
    if (launching.has(jobId)) return;
    const kill = clock.now() >= (current.stop.killTick ?? 0);
    if (kill || !current.stop.termSent) {
      const sent = signalCommand(current.dir, kill ? 'SIGKILL' : 'SIGTERM');
      if (sent && !current.stop.termSent)
        jobs.put([{ ...job, current: { ...current, stop: { ...current.stop, termSent: true } } }]);
    }
  };

  const limitRunnable = (job: Job, now: number): void => {
    const spec = specOf(tables, job);
    const { blockedTick, statusReason } = job;
    if (blockedTick === undefined || statusReason === undefined) return;
    const code = codeOf(statusReason);
    const action = queueOf(tables, spec.queue)?.jobStateTimeLimitActions?.find(
      (a) => a.reason === code && now - blockedTick >= (a.maxTimeSeconds ?? 0) * options.secondMs,
    );
    if (action === undefined) return;
    const { blockedTick: _over, ...rest } = job;
    const by = `by JobStateTimeLimit action due to reason: ${code}`;
    if (action.action === 'CANCEL') jobs.fail(rest, `Canceled ${by}`, { isCancelled: true });
    else jobs.fail(rest, `Terminated ${by}`, { isTerminated: true });
  };

  const pass = (): void => {
    planned = false;
    if (closed) return;
    jobs.spawnArrays(options.spawnMs);
    while (jobs.advanceWaiting(options.stateMs));
    const { slots } = settings();
    const free = freeCapacity(tables, jobs.running, slots, machine);
    for (const [, ids] of jobs.runnable()) {
      let first = true;
      for (const id of [...ids].slice(0, Math.max(free.slots, 0) + 1)) {
        if (launching.size >= LAUNCHING_AT_ONCE) break;
        const job = jobOf(id);
        const at = place(tables, specOf(tables, job), free, slots, machine);
        if (at.kind === 'placed') {
          occupy(free, at.demand, at.environment.computeEnvironmentName as string);
          guard(begin(job, at));
        } else {
          if (first && at.reason !== job.statusReason) {
            const { statusReason: _old, blockedTick: _since, ...rest } = job;
            jobs.put([
              at.reason === undefined
                ? rest
                : { ...rest, statusReason: at.reason, blockedTick: clock.stamp() },
            ]);
          }
          first = false;
        }
      }
    }
    front.note(jobs.runnable(), Date.now());
    guard(state.flush());
  };

  const poke = (): void => {
    if (planned || closed) return;
    planned = true;
    setImmediate(pass);
  };

  const watchMemory = (): void => {
    const bytes = groupMemory();
    for (const id of jobs.running) {
      const job = jobOf(id);
      const used = bytes.get(job.current?.pid ?? -1) ?? 0;
      const limit = demandOf(specOf(tables, job).container).memoryMiB * 1024 * 1024;
      if (limit > 0 && used > limit && job.current?.stop === undefined) stop(job, 'memory');
    }
  };

  const watch = (): void => {
    round += 1;
    clock.tick();
    const now = clock.now();
    for (const id of [...jobs.running]) {
      const job = jobOf(id);
      const { current } = job;
      if (current === undefined || launching.has(id)) continue;
      const timeout = specOf(tables, job).timeoutSeconds;
      const host = tables.instances.get(current.instanceId);
      if (current.stop !== undefined) signalStop(id, current.taskId);
      else if (host?.terminateTick !== undefined && now >= host.terminateTick) stop(job, 'host-terminated');
      else if (
        timeout !== undefined &&
        current.startedAt !== undefined &&
        now >= (current.startedTick ?? 0) + timeout * options.secondMs
      )
        stop(job, 'timeout');
      if (!own.has(id) && round % ADOPTED_EVERY === 0) look(jobOf(id));
    }
    for (const [, ids] of jobs.runnable()) {
      const [head] = ids;
      if (head !== undefined) limitRunnable(jobOf(head), now);
    }
    if (options.enforceMemory && round % MEMORY_EVERY === 0 && jobs.running.size > 0) watchMemory();
    if (round % FORGET_EVERY === 1) forget(now);
    if (jobs.unspawned.size > 0 || (jobs.waiting.size > 0 && options.stateMs > 0)) poke();
    guard(state.flush());
  };

  const forget = (now: number): void => {
    for (const jobId of jobs.forget(now - options.retentionDays * 86_400_000))
      rmSync(path.join(options.stateDir, 'attempts', jobId.replace(':', '-')), {
        recursive: true,
        force: true,
      });
  };

  for (const id of [...jobs.running]) look(jobOf(id));
  const timer = setInterval(watch, WATCH_MS);
  poke();

  return {
    poke,
    stop,
    settings,
    front,
    close: () => {
      closed = true;
      clearInterval(timer);
    },
  };
};
