import { setTimeout as sleep } from 'node:timers/promises';
import { deriveSeed, randomFromSeed } from '../../nas/core/random.ts';
import type { RunView } from '../../nas/protocol/run-view.ts';
import { asSettled } from '../../nas/experiment/settled-experiment.ts';
import { findDataset } from '../../scripts/runs/check-stored.ts';
import { runRecord } from '../../scripts/runs/prepare-run.ts';
import { startRun } from '../../scripts/runs/start-run.ts';
import { readSmallExperiment } from './experiments.ts';
import type { ExperimentName } from './experiments.ts';
import { LANES, createFaults } from './faults.ts';
import type { Fault, Faults, Lane } from './faults.ts';
import { judge } from './judge.ts';
import type { ChaosReport } from './judge.ts';
import { startChaosStack } from './stack.ts';
import type { ChaosStack } from './stack.ts';

interface SoakOptions {
  /** Faults are injected for this long at most; the runs are then let finish. */
  readonly seconds: number;
  /** Stop earlier, once every fault has come this often. */
  readonly rounds?: number;
  readonly seed: number;
  /** Searches to run, in turn. */
  readonly experiments: readonly ExperimentName[];
  /** Runs under fire at the same time. */
  readonly parallel: number;
  readonly log: (line: string) => void;
}

/** One run and the undisturbed one that it must equal. */
export interface DisturbedRun {
  readonly runId: string;
  readonly twin: string;
}

/** For what ends within minutes on an idle machine. */
const FINISH_MS = 1_800_000;
const twinOf = (name: ExperimentName): string => `twin-${name}`;

/** One soak: undisturbed runs, then runs under fire, then the comparison. */
export const soak = async (options: SoakOptions): Promise<ChaosReport> => {
  const { seed, seconds, experiments, log } = options;
  const stack = await startChaosStack({ slots: options.parallel });
  try {
    const began = performance.now();
    await Promise.all(experiments.map((name) => start(stack, name, twinOf(name))));
    // Where nothing is disturbed nothing may fail, and a comparison would prove nothing.
    for (const name of experiments) await untilDone(stack, twinOf(name));
    log(`the undisturbed twins took ${((performance.now() - began) / 1000).toFixed(0)} s`);

    const faults = createFaults(stack, log);
    const deadline = performance.now() + 1000 * seconds;
    let firing = true;
    const lanes = Promise.all(
      (Object.keys(LANES) as Lane[]).map((lane) =>
        fire(faults, lane, possible(LANES[lane], stack, experiments), options, deadline),
      ),
    ).finally(() => (firing = false));
    lanes.catch(() => undefined);

    const runs: DisturbedRun[] = [];
    let active: DisturbedRun[] = [];
    while (firing) {
      const ended = await Promise.all(active.map(({ runId }) => hasEnded(stack, runId)));
      active = active.filter((_, i) => ended[i] !== true);
      if (active.length < options.parallel) {
        const name = experiments[runs.length % experiments.length] as ExperimentName;
        const run = { runId: `disturbed-${runs.length + 1}`, twin: twinOf(name) };
        runs.push(run);
        active.push(run);
        await start(stack, name, run.runId);
      }
      await sleep(500);
    }
    await lanes;
    log('no more faults; the runs finish');
    for (const { runId } of runs) await untilEnded(stack, runId);
    await faults.settled();
    return await judge(stack, faults, runs, { seed, seconds: (performance.now() - began) / 1000 });
  } finally {
    await stack.stop();
  }
};

/** Only a search by trials has a log to damage, and only who may mount a small disk has one to fill. */
const possible = (
  kinds: readonly Fault[],
  stack: Pick<ChaosStack, 'disk'>,
  experiments: readonly ExperimentName[],
): Fault[] =>
  kinds.filter(
    (kind) =>
      (kind !== 'disk-full' || stack.disk !== undefined) &&
      (kind !== 'damage-log' || experiments.some((name) => name === 'evolution' || name === 'asha')),
  );

/** Injects a lane's faults, every kind once before one comes again. */
const fire = async (
  faults: Faults,
  lane: Lane,
  kinds: readonly Fault[],
  { seed, rounds = Infinity }: SoakOptions,
  deadline: number,
): Promise<void> => {
  const random = randomFromSeed(deriveSeed(seed, 'chaos', lane));
  for (let round = 0; round < rounds; round++) {
    const turn: Fault[] = random.shuffle<Fault>(kinds);
    while (turn.length > 0) {
      if (performance.now() >= deadline) return;
      const next = turn.shift() as Fault;
      const hit = await faults.inject(next, random);
      if (!hit) turn.push(next);
      await sleep(hit ? 1_000 + random.int(3_000) : 500);
    }
  }
};

/** Starts a run, however long the servers are away. */
const start = async (stack: ChaosStack, name: ExperimentName, runId: string): Promise<void> => {
  const loaded = await readSmallExperiment(name);
  const record = runRecord(
    runId,
    asSettled(loaded.experiment),
    await findDataset(stack.store, loaded),
    new Date(),
  );
  const { taskQueue } = stack.stack.config;
  for (const deadline = performance.now() + FINISH_MS; ; await sleep(500)) {
    const failure = await stack
      .withClient((client) => startRun(client, stack.store, { record, taskQueue }))
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    // An answer may be lost although the run was started.
    if (failure === undefined || (await hasEnded(stack, runId)) !== undefined) return;
    if (performance.now() > deadline) throw failure;
  }
};

/** `undefined` while the servers do not answer, or do not know the run. */
const hasEnded = (stack: ChaosStack, runId: string): Promise<boolean | undefined> =>
  stack
    .withClient(async (client) => (await client.workflow.getHandle(runId).describe()).status.name)
    .then(
      (status) => status !== 'RUNNING',
      () => undefined,
    );

/** Throws as soon as the run has failed, with its reason. */
const untilDone = async (stack: ChaosStack, runId: string): Promise<void> => {
  await untilEnded(stack, runId);
  const { status, error, stages } = await stack.withClient((client) =>
    client.workflow.getHandle(runId).query<RunView>('progress'),
  );
  if (status === 'done') return;
  const failed = stages.flatMap(({ jobs }) =>
    jobs.flatMap((job) => (job.status === 'failed' ? [`${job.jobId}: ${job.outcome ?? 'failed'}`] : [])),
  );
  throw new Error(
    `the undisturbed run ${runId} ended ${status}: ${[error, ...failed].filter((text) => text !== undefined).join('; ')}`,
  );
};

const untilEnded = async (stack: ChaosStack, runId: string): Promise<void> => {
  for (const deadline = performance.now() + FINISH_MS; (await hasEnded(stack, runId)) !== true;) {
    if (performance.now() > deadline) throw new Error(`run ${runId} does not end`);
    await sleep(500);
  }
};
