import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it, vi } from 'vitest';
import { runRecordSchema } from '../../../nas/experiment/run-record.ts';
import type { SearchByTrialsInput } from '../../../activities/contract.ts';
import type { IsBeyondLimits } from '../../../activities/search/limits.ts';
import type { LookUp } from '../../../activities/search/look-up.ts';
import { createSearchByTrials } from '../../../activities/search/search-by-trials.ts';
import type { TrialSearchDependencies } from '../../../activities/search/search-by-trials.ts';
import type { TrialRun } from '../../../activities/search/trial-run.ts';
import { loadExperiment } from '../../../nas/experiment/load-experiment.ts';
import type { JobReport, PlannedTrial } from '../../../nas/job/job-report.ts';
import type { RunRecord } from '../../../nas/experiment/run-record.ts';
import { asSettled } from '../../../nas/experiment/settled-experiment.ts';
import { trialsOf } from '../../../nas/search/trial-log.ts';
import { chosenSpace } from '../../../nas/space/registry.ts';
import type { Json } from '../../../nas/core/json.ts';
import type { EasController } from '../../../nas/search/trials/eas-controller.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';
import { deriveSeed, randomFromSeed } from '../../../nas/core/random.ts';
import { createDocument, readDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { OvertakenError, readTrialLog } from '../../../store/trial-log.ts';
import { programResultSchema } from '../../../nas/job/program-result.ts';
import { CrashError, faultyStore } from '../../support/faulty-store.ts';
import type { StoreFault } from '../../support/faulty-store.ts';

const SEARCH = { kind: 'search', jobId: 'stage-1/seed-0', seed: 0, by: 'trials' } as const;
const HASH = 'e'.repeat(64);

const recordOf = (strategy: string, ...overrides: string[]): RunRecord => ({
  version: 1,
  runId: 'run',
  experiment: asSettled(
    loadExperiment(
      `name: toy
space: { name: nas-bench-201 }
strategy: ${strategy}
task: { data: toy }
resources: { parallelism: 4, spotDollarsPerHour: 3600 }
stages:
  search: { seeds: [0], evaluations: 24, recipe: { epochs: 16 } }
  retrain: { topK: 1 }
`,
      { file: 'toy.yaml', overrides },
    ).experiment,
  ),
  experimentHash: HASH,
  dataset: { name: 'toy', manifest: { uri: 's3://test/toy', sha256: '0'.repeat(64), bytes: 1 } },
  createdAt: '2026-01-01T00:00:00.000Z',
});

const REGULARIZED = '{ name: regularized-evolution, populationSize: 5, tournamentSize: 2 }';
const ASHA = '{ name: asha, eta: 4, minFidelity: 0.0625 }';
const EAS = '{ name: eas, units: 2, embedding: 2, children: 5, phases: [15, 8] }';

/** A controller of EAS that knows nothing and learns nothing. */
const coin: EasController = {
  widening: (_, _parameters, tokens) => tokens.map(() => 0.5),
  deepening: (_, _parameters, _tokens, places, [first, second, third]) => {
    const open = places.flatMap((count, block) => (count > 0 ? [block] : []));
    const block = open[Math.floor(first * open.length)] as number;
    return [block, Math.floor(second * (places[block] as number)), Math.floor(third * 3)];
  },
  gradient: (_, parameters) => parameters.map(() => 0),
};

/** Jobs that train at once, and remember what they did as Batch and the store would. */
const createFleet = (outcome: (job: PlannedTrial, attempt: number) => TrialRun | 'hang' = score) => {
  const results = new Map<string, TrialRun | 'hang'>();
  const documents = new Map<string, string>();
  const log = { trained: [] as string[], peak: 0, ended: [] as string[] };
  let running = 0;
  let released = false;
  const runTrial = async (_: RunRecord, job: PlannedTrial, _round: unknown, signal: AbortSignal) => {
    const document = JSON.stringify(job);
    // One document a job: a second one would be refused as another job of the same name.
    expect(documents.get(job.jobId) ?? document).toBe(document);
    documents.set(job.jobId, document);
    // Whose weights a network starts with has been trained, under the name that it is looked for.
    if (job.inherits !== undefined) expect(results.get(job.inherits.jobId)).toMatchObject({ kind: 'score' });
    let result = results.get(job.jobId);
    if (result === undefined) {
      result = outcome(job, log.trained.filter((id) => id === job.jobId).length);
      log.trained.push(job.jobId);
      results.set(job.jobId, result);
    }
    log.peak = Math.max(log.peak, ++running);
    // Durations that have nothing to do with the order of proposal.
    const ticks = randomFromSeed(deriveSeed(7, job.jobId)).int(12);
    try {
      for (let i = 0; i < ticks || (result === 'hang' && !released); i++) {
        signal.throwIfAborted();
        await new Promise((resolve) => setImmediate(resolve));
      }
      signal.throwIfAborted();
    } catch (error) {
      if ((error as Error).message === 'CANCELLED') log.ended.push(job.jobId);
      throw error;
    } finally {
      running--;
    }
    return result === 'hang' ? score(job) : result;
  };
  return { runTrial, log, release: () => (released = true) };
};

const quality = (job: { genotype: string; rungs: readonly number[] }): number =>
  Math.round(1000 * randomFromSeed(deriveSeed(3, job.genotype, job.rungs.at(-1) ?? 0)).uniform()) / 1000;
const spent = { multiplyAdds: 10, images: 1, attempts: 1, reclaims: 0, seconds: 2 };
function score(job: PlannedTrial): TrialRun {
  return { kind: 'score', value: quality(job), measures: { parameters: 5, multiplyAdds: 7 }, spent };
}

const neverRun = async (): Promise<never> => {
  throw new Error('no job was to run');
};

const storeWith = async (record: RunRecord): Promise<ObjectStore> => {
  const store = createMemoryObjectStore();
  await createDocument(store, keys.experiment('run'), runRecordSchema, record);
  return store;
};

const carryOut = (
  store: ObjectStore,
  runTrial: TrialSearchDependencies['runTrial'],
  environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }),
  lookUp?: LookUp,
  isBeyondLimits: IsBeyondLimits = () => false,
): Promise<JobReport> =>
  environment.run(
    createSearchByTrials({
      store,
      ports: { eas: coin },
      runTrial,
      lookUp: async () => lookUp,
      limits: async () => isBeyondLimits,
    }),
    {
      run: { runId: 'run', experimentHash: HASH },
      job: SEARCH,
    } satisfies SearchByTrialsInput,
  ) as Promise<JobReport>;

/**
 * Tries a search in which the worker dies after its first request to the store, then after its second, until
 * there is none.
 */
const killedAfterEachRequest = async (
  record: RunRecord,
  attempt: (
    store: ObjectStore,
    crashing: { readonly store: ObjectStore; readonly after: string },
  ) => Promise<void>,
): Promise<void> => {
  for (let index = 0, more = true; more; index++) {
    const store = await storeWith(record);
    more = false;
    const crashing = faultyStore(store, (operation) => {
      more ||= operation.index === index;
      return operation.index === index ? 'crash-after' : undefined;
    });
    await attempt(store, { store: crashing, after: `request ${index}` });
  }
};

const logOf = (store: ObjectStore) => readTrialLog(store, 'run', SEARCH.jobId);

const told = async (store: ObjectStore): Promise<string[]> =>
  trialsOf(await logOf(store)).map(({ id, end }) => `${id} ${end?.kind ?? 'awaited'}`);
const trialNumber = ({ jobId }: PlannedTrial): number => Number(jobId.slice(-6));

describe('the result of a search', () => {
  it('has the counts of a strategy that counts, as its log says them', async () => {
    const store = await storeWith(recordOf('{ name: judged-random, warmUp: 10, heldShare: 0.5 }'));
    await carryOut(store, createFleet().runTrial);
    const result = await readDocument(store, keys.job('run', SEARCH.jobId).result, programResultSchema);
    const trials = trialsOf(await logOf(store));
    const trained = new Set(trials.map(({ hash }) => hash.slice(0, 16)));
    const notes = trials.map(
      ({ note }) => note as { readonly rejected: readonly string[]; readonly held: boolean },
    );
    const spared = new Set(notes.flatMap(({ rejected }) => rejected).filter((key) => !trained.has(key)));
    expect(result).toMatchObject({
      kind: 'search',
      summary: {
        trained: 24,
        rejected: spared.size,
        held: notes.filter(({ held }) => held).length,
      },
    });
    expect(spared.size).toBeGreaterThan(0);
  });

  it('has none of other strategies', async () => {
    const store = await storeWith(recordOf('{ name: random }'));
    await carryOut(store, createFleet().runTrial);
    expect(
      await readDocument(store, keys.job('run', SEARCH.jobId).result, programResultSchema),
    ).not.toHaveProperty('summary');
  });
});

describe('what a strategy learns of a trial that has no score', () => {
  it('is that its network is infeasible, or nothing: then it is proposed again', async () => {
    const store = await storeWith(recordOf('{ name: random }', 'stages.search.evaluations=4'));
    const fleet = createFleet((job) => {
      if (trialNumber(job) === 1) return { kind: 'infeasible', reason: 'diverged: loss is NaN', spent };
      if (trialNumber(job) === 2) return { kind: 'lost', reason: 'lost: the disk is gone', spent };
      return score(job);
    });
    const report = await carryOut(store, fleet.runTrial);
    expect(report).toMatchObject({ outcome: 'succeeded', attempts: 5, seconds: 10 });
    expect(await told(store)).toEqual([
      't-000000 score',
      't-000001 infeasible',
      't-000002 lost',
      't-000003 score',
      't-000004 score',
    ]);
    const trials = trialsOf(await logOf(store));
    expect(trials[4]?.genotype).toBe(trials[2]?.genotype);
    expect(trials[4]?.ordinal).toBe(2);
  });

  it('ends the search when the same network is lost again and again', async () => {
    const store = await storeWith(recordOf('{ name: random }'));
    const fleet = createFleet((job) =>
      job.genotype.length > 0 && trialNumber(job) % 4 === 1
        ? { kind: 'lost', reason: 'timed-out: exceeded timeout' }
        : score(job),
    );
    const stubborn = createFleet(() => ({ kind: 'lost', reason: 'timed-out: exceeded timeout' }));
    const report = await carryOut(store, stubborn.runTrial);
    expect(report.outcome).toBe('lost');
    expect(report.error).toMatch(/trial-\d+: lost for the 3rd time: timed-out/);
    expect(report.result).toBeUndefined();
    // Put back by hand it goes on from its log.
    expect((await carryOut(store, fleet.runTrial)).outcome).toBe('lost');
  });

  it('ends as crashed when the trainer crashes for every proposal, and teaches nothing', async () => {
    const store = await storeWith(recordOf('{ name: random }'));
    const reason = 'crashed: SIGSEGV in train-network: train (graph 1)';
    const crashing = createFleet(() => ({ kind: 'lost', outcome: 'crashed', reason }));
    const report = await carryOut(store, crashing.runTrial);
    expect(report).toMatchObject({ outcome: 'crashed', reclaims: 0 });
    expect(report.error).toContain(reason);
    const ends = trialsOf(await logOf(store)).flatMap(({ end }) => end ?? []);
    expect(ends.length).toBeGreaterThan(0);
    for (const end of ends) expect(end).toEqual({ kind: 'lost', reason });
  });

  it('ends the search, and its other trials, for a fault that each would repeat', async () => {
    const store = await storeWith(recordOf('{ name: random }'));
    const fleet = createFleet((job) =>
      trialNumber(job) === 0 ? { kind: 'failed', outcome: 'user-error', error: 'no such data set' } : 'hang',
    );
    const report = await carryOut(store, fleet.runTrial);
    expect(report).toMatchObject({
      outcome: 'user-error',
      error: 'stage-1/seed-0/trial-000000: no such data set',
    });
    expect(fleet.log.ended.sort()).toEqual([1, 2, 3].map((n) => `stage-1/seed-0/trial-00000${n}`));
  });

  it('leaves a search without any score failed', async () => {
    const store = await storeWith(recordOf('{ name: random }', 'stages.search.evaluations=3'));
    const report = await carryOut(
      store,
      createFleet(() => ({ kind: 'infeasible', reason: 'too large' })).runTrial,
    );
    expect(report).toMatchObject({ outcome: 'invalid-architecture' });
    expect(report.error).toMatch(/none of 3 trials has a score; the last: too large/);
  });
});

describe('a network beyond the limits', () => {
  const record = recordOf(REGULARIZED);
  const space = chosenSpace({ name: 'nas-bench-201' });
  const isBeyond: IsBeyondLimits = (genotype) =>
    quality({ genotype: space.hash(space.parse(genotype)), rungs: [] }) < 0.4;
  const limited = (store: ObjectStore, runTrial: TrialSearchDependencies['runTrial']): Promise<JobReport> =>
    carryOut(store, runTrial, undefined, undefined, isBeyond);

  it('is infeasible without a job, and takes no slot', async () => {
    const store = await storeWith(record);
    const fleet = createFleet();
    const report = await limited(store, fleet.runTrial);
    const trials = trialsOf(await logOf(store));
    const refused = trials.filter(({ genotype }) => isBeyond(genotype));
    expect(refused.length).toBeGreaterThan(2);
    expect(trials).toHaveLength(24);
    expect(refused.every(({ end }) => end?.kind === 'infeasible' && end.spent === undefined)).toBe(true);
    expect(report).toMatchObject({ outcome: 'succeeded', attempts: fleet.log.trained.length });
    expect(fleet.log.trained).toHaveLength(
      new Set(trials.filter((trial) => !refused.includes(trial)).map(({ hash }) => hash)).size,
    );
    expect(fleet.log.peak).toBe(4);
  });

  it('is refused again whenever the search is killed', { timeout: 600_000 }, async () => {
    const reference = await storeWith(record);
    await limited(reference, createFleet().runTrial);
    const expected = await logOf(reference);
    await killedAfterEachRequest(record, async (store, crashing) => {
      const fleet = createFleet();
      await limited(crashing.store, fleet.runTrial).catch(() => undefined);
      await limited(store, fleet.runTrial);
      expect(await logOf(store), crashing.after).toEqual(expected);
    });
  });
});

describe('a search that is interrupted', () => {
  const hanging = () => createFleet((job) => (trialNumber(job) < 2 ? score(job) : 'hang'));
  const interrupted = async (message: 'CANCELLED' | 'WORKER_SHUTDOWN') => {
    const store = await storeWith(recordOf('{ name: random }'));
    const fleet = hanging();
    const environment = new MockActivityEnvironment();
    const search = carryOut(store, fleet.runTrial, environment);
    while (fleet.log.trained.length < 6) await new Promise((resolve) => setImmediate(resolve));
    environment.cancel(message);
    return { search, fleet, store };
  };

  it('ends its trials when it is cancelled', async () => {
    const { search, fleet } = await interrupted('CANCELLED');
    await expect(search).rejects.toThrow(CancelledFailure);
    expect(fleet.log.ended).toHaveLength(4);
  });

  it('says that it is alive for as long as that takes', async () => {
    const environment = new MockActivityEnvironment();
    let running = 0;
    const search = carryOut(
      await storeWith(recordOf('{ name: random }')),
      async (_run, _job, _round, signal) => {
        running++;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await sleep(2500);
        throw signal.reason;
      },
      environment,
    );
    while (running < 4) await sleep(1);
    environment.cancel('CANCELLED');
    let beats = 0;
    environment.on('heartbeat', () => beats++);
    await expect(search).rejects.toThrow(CancelledFailure);
    expect(beats).toBeGreaterThan(0);
  });

  it('leaves them to its successor when its worker goes away', async () => {
    const { search, fleet, store } = await interrupted('WORKER_SHUTDOWN');
    await expect(search).rejects.toThrow('shutting down');
    expect(fleet.log.ended).toEqual([]);
    const successor = createFleet();
    const report = await carryOut(store, successor.runTrial);
    expect(report.outcome).toBe('succeeded');
    // The trials in flight first, none of those that were told.
    expect(successor.log.trained.slice(0, 4)).toEqual(fleet.log.trained.slice(2));
  });

  it('stops when another worker carries it on', async () => {
    const store = await storeWith(recordOf('{ name: random }', 'stages.search.order=completion'));
    const first = hanging();
    const slow = carryOut(store, first.runTrial);
    while (first.log.trained.length < 6) await new Promise((resolve) => setImmediate(resolve));
    expect((await carryOut(store, createFleet().runTrial)).outcome).toBe('succeeded');
    const before = await logOf(store);
    first.release();
    await expect(slow).rejects.toThrow(OvertakenError);
    expect(await logOf(store)).toEqual(before);
  });
});

describe('a trial that takes long', () => {
  it('keeps no slot but its own where results are told as they come', async () => {
    const store = await storeWith(recordOf('{ name: random }', 'stages.search.order=completion'));
    const fleet = createFleet((job) => (trialNumber(job) === 0 ? 'hang' : score(job)));
    const search = carryOut(store, fleet.runTrial);
    const ended = async (): Promise<number> =>
      trialsOf(await logOf(store)).filter(({ end }) => end !== undefined).length;
    while ((await ended()) < 23) await new Promise((resolve) => setImmediate(resolve));
    fleet.release();
    expect((await search).outcome).toBe('succeeded');
    expect(await told(store)).toHaveLength(24);
  });
});

describe('a search whose strategy learns slowly', () => {
  it(
    'says that it is alive while it replays its log, and can be told to leave',
    { timeout: 60_000 },
    async () => {
      const record = recordOf('{ name: random }', 'stages.search.evaluations=40');
      const store = await storeWith(record);
      const hanging = createFleet((job) => (trialNumber(job) < 30 ? score(job) : 'hang'));
      const first = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
      const search = carryOut(store, hanging.runTrial, first);
      while (!hanging.log.trained.some((jobId) => Number(jobId.slice(-6)) >= 30))
        await new Promise((resolve) => setImmediate(resolve));
      first.cancel('WORKER_SHUTDOWN');
      await expect(search).rejects.toThrow('shutting down');

      // Every result takes its learner a while, and all of them more than two heartbeats.
      const bind = STRATEGIES['random'].bind;
      const slow = vi.spyOn(STRATEGIES['random'], 'bind').mockImplementation((...given) => {
        const strategy = bind(...given);
        return {
          ...strategy,
          tell: (state, results) => {
            for (const until = performance.now() + 200; performance.now() < until;);
            return strategy.tell(state, results);
          },
        };
      });
      try {
        const second = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
        let beats = 0;
        second.on('heartbeat', () => {
          if (++beats === 2) second.cancel('WORKER_SHUTDOWN');
        });
        await expect(carryOut(store, neverRun, second)).rejects.toThrow('shutting down');
        expect(beats).toBe(2);
      } finally {
        slow.mockRestore();
      }
      expect((await carryOut(store, createFleet().runTrial)).outcome).toBe('succeeded');
    },
  );
});

describe('a search that learns in the order of completion', () => {
  it('loses and repeats nothing, whenever it is killed', { timeout: 600_000 }, async () => {
    const record = recordOf(ASHA, 'stages.search.order=completion', 'stages.search.evaluations=16');
    await killedAfterEachRequest(record, async (store, crashing) => {
      const fleet = createFleet();
      await carryOut(crashing.store, fleet.runTrial).catch(() => undefined);
      expect((await carryOut(store, fleet.runTrial)).outcome).toBe('succeeded');
      const trials = trialsOf(await logOf(store));
      expect(trials.map(({ id }) => Number(id.slice(2)))).toEqual(trials.map((_, i) => i));
      expect(trials.map(({ toldAt }) => toldAt).sort((a = 0, b = 0) => a - b)).toEqual(
        trials.map((_, i) => i),
      );
      expect(fleet.log.trained).toHaveLength(new Set(fleet.log.trained).size);
    });
  });
});

describe('a search on a table', () => {
  it('starts no job and is the same as one in process', async () => {
    const store = await storeWith(
      recordOf(REGULARIZED, 'stages.search.evaluations=200', 'resources.parallelism=1'),
    );
    const space = chosenSpace({ name: 'nas-bench-201' });
    const value = (genotype: Json): number => quality({ genotype: space.print(genotype), rungs: [] });
    const report = await carryOut(store, neverRun, undefined, (genotype) => ({
      kind: 'score',
      value: value(genotype),
    }));
    let state = STRATEGIES['regularized-evolution']
      .bind(space)
      .init({ evaluations: 200, options: { populationSize: 5, tournamentSize: 2 } }, 0);
    const genotypes: string[] = [];
    for (;;) {
      const [asked, [trial]] = STRATEGIES['regularized-evolution'].bind(space).ask(state, 1);
      if (trial === undefined) break;
      genotypes.push(space.print(trial.genotype));
      state = STRATEGIES['regularized-evolution']
        .bind(space)
        .tell(asked, [{ trial, outcome: { kind: 'score', value: value(trial.genotype) } }]);
    }
    expect(trialsOf(await logOf(store)).map(({ genotype }) => genotype)).toEqual(genotypes);
    expect(report).toMatchObject({ outcome: 'succeeded', attempts: 0, dollars: 0 });
  });
});

describe.each([
  ['evolution', REGULARIZED, 'nas-bench-201'],
  ['ASHA', ASHA, 'nas-bench-201'],
  ['EAS', EAS, 'eas'],
])('a search by trials: %s', (_, strategy, space) => {
  it('keeps the fleet busy, trains a network once, and leaves a result', async () => {
    const store = await storeWith(recordOf(strategy, `space.name=${space}`));
    const fleet = createFleet();
    const report = await carryOut(store, fleet.runTrial);
    const trials = trialsOf(await logOf(store));
    expect(report).toMatchObject({ outcome: 'succeeded', attempts: fleet.log.trained.length });
    expect(report.dollars).toBe(2 * fleet.log.trained.length);
    expect(trials).toHaveLength(24);
    expect(trials.every(({ end }) => end?.kind === 'score')).toBe(true);
    const networks = trials.map(({ hash, fidelity }) => `${hash} ${fidelity}`);
    expect(fleet.log.trained).toHaveLength(new Set(networks).size);
    expect(fleet.log.peak).toBe(4);
    const result = await readDocument(store, keys.job('run', SEARCH.jobId).result, programResultSchema);
    if (result?.kind !== 'search') throw new Error('no result of a search');
    const full = trials.filter(({ fidelity }) => fidelity === Math.max(...trials.map((t) => t.fidelity)));
    expect(result.candidates[0]?.score).toBe(
      Math.max(...full.map(({ end }) => (end?.kind === 'score' ? end.value : 0))),
    );
    expect(result.cost.multiplyAdds).toBe(10 * fleet.log.trained.length);
  });

  it('is the same whatever its jobs take, and whenever it is killed', { timeout: 600_000 }, async () => {
    const record = recordOf(strategy, `space.name=${space}`);
    const reference = await storeWith(record);
    const fleet = createFleet();
    await carryOut(reference, fleet.runTrial);
    const expected = await logOf(reference);
    for (let index = 0, more = true; more; index++)
      for (const fault of ['crash-before', 'crash-after'] satisfies StoreFault[]) {
        const store = await storeWith(record);
        const again = createFleet();
        more = false;
        const crashing = faultyStore(store, (operation) => {
          more ||= operation.index === index;
          return operation.index === index ? fault : undefined;
        });
        const first = carryOut(crashing, again.runTrial);
        if (more) await expect(first).rejects.toThrow(CrashError);
        else await first.catch(() => undefined);
        await carryOut(store, again.runTrial);
        expect(await logOf(store), `${fault} request ${index}`).toEqual(expected);
        expect([...again.log.trained].sort()).toEqual([...fleet.log.trained].sort());
        expect(again.log.ended).toEqual([]);
      }
  });
});
