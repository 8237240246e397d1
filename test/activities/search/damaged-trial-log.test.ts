import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { runRecordSchema } from '../../../nas/experiment/run-record.ts';
import type { SearchByTrialsInput } from '../../../activities/contract.ts';
import { createSearchByTrials } from '../../../activities/search/search-by-trials.ts';
import type { TrialRun } from '../../../activities/search/trial-run.ts';
import { loadExperiment } from '../../../nas/experiment/load-experiment.ts';
import type { JobReport, PlannedTrial } from '../../../nas/job/job-report.ts';
import type { RunRecord } from '../../../nas/experiment/run-record.ts';
import { asSettled } from '../../../nas/experiment/settled-experiment.ts';
import { deriveSeed, randomFromSeed } from '../../../nas/core/random.ts';
import { createDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { openTrialLog, readTrialLog } from '../../../store/trial-log.ts';
import { contentOf } from '../../support/kill-points.ts';

const SEARCH = { kind: 'search', jobId: 'stage-1/seed-0', seed: 0, by: 'trials' } as const;
const HASH = 'e'.repeat(64);
const LOG = keys.search('run', SEARCH.jobId);
/** Enough that the log has a segment, and a head after it. */
const BEFORE_DAMAGE = 45;

const recordOf = (order: string): RunRecord => ({
  version: 1,
  runId: 'run',
  experiment: asSettled(
    loadExperiment(
      `name: toy
space: { name: nas-bench-201 }
strategy: { name: regularized-evolution, populationSize: 20, tournamentSize: 3 }
task: { data: toy }
resources: { parallelism: 4 }
stages:
  search: { seeds: [0], evaluations: 150, order: ${order} }
  retrain: { topK: 1 }
`,
      { file: 'toy.yaml', overrides: [] },
    ).experiment,
  ),
  experimentHash: HASH,
  dataset: { name: 'toy', manifest: { uri: 's3://test/toy', sha256: '0'.repeat(64), bytes: 1 } },
  createdAt: '2026-01-01T00:00:00.000Z',
});

/**
 * Jobs that take as long as it happens, and hang once `limit` have been launched. A name stands for one
 * network.
 */
const fleetOf = (networks: Map<string, string>, limit = Infinity) => {
  const launched: string[] = [];
  const chance = randomFromSeed(networks.size);
  const runTrial = async (
    _: RunRecord,
    job: PlannedTrial,
    _round: unknown,
    signal: AbortSignal,
  ): Promise<TrialRun> => {
    expect(networks.get(job.jobId) ?? job.genotype).toBe(job.genotype);
    networks.set(job.jobId, job.genotype);
    launched.push(job.jobId);
    for (let tick = 0; tick < 12 * chance.uniform() || networks.size > limit; tick++) {
      signal.throwIfAborted();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { kind: 'score', value: randomFromSeed(deriveSeed(3, job.genotype)).uniform() };
  };
  return { runTrial, launched };
};

const carryOut = (
  store: ObjectStore,
  { runTrial }: ReturnType<typeof fleetOf>,
  environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }),
): Promise<JobReport> =>
  environment.run(
    createSearchByTrials({
      store,
      ports: {},
      runTrial,
      lookUp: async () => undefined,
      limits: async () => () => false,
    }),
    { run: { runId: 'run', experimentHash: HASH }, job: SEARCH } satisfies SearchByTrialsInput,
  ) as Promise<JobReport>;

const eventsOf = (store: ObjectStore) => readTrialLog(store, 'run', SEARCH.jobId);

/** A search that its worker left half done, and the networks that it has launched. */
const halfDone = async (order: string) => {
  const store = createMemoryObjectStore();
  await createDocument(store, keys.experiment('run'), runRecordSchema, recordOf(order));
  const networks = new Map<string, string>();
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const search = carryOut(store, fleetOf(networks, BEFORE_DAMAGE), environment);
  const ended = search.then(() => {
    throw new Error(`it has launched ${networks.size} networks`);
  });
  ended.catch(() => undefined);
  while (networks.size <= BEFORE_DAMAGE)
    await Promise.race([ended, new Promise((resolve) => setImmediate(resolve))]);
  environment.cancel('WORKER_SHUTDOWN');
  await expect(search).rejects.toThrow('shutting down');
  return { store, networks, events: await eventsOf(store) };
};

const DAMAGES: Readonly<Record<string, (store: ObjectStore, key: string) => Promise<unknown>>> = {
  'has another byte': async (store, key) => {
    const body = Uint8Array.from((await store.get(key))?.body ?? []);
    body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
    return store.put(key, body);
  },
  'ends early': async (store, key) =>
    store.put(key, ((await store.get(key))?.body ?? new Uint8Array()).slice(0, 99)),
  'is empty': (store, key) => store.put(key, new Uint8Array()),
  'is gone': (store, key) => store.delete([key]),
};

const keysBelow = async (store: ObjectStore, prefix: string): Promise<string[]> =>
  Object.keys(await contentOf(store)).filter((key) => key.startsWith(prefix));
const segmentOf = async (store: ObjectStore) => (await keysBelow(store, LOG.segments))[0] as string;
const copyOf = (key: string): string =>
  key === LOG.head ? LOG.headCopy : key.replace('/segments/', '/segment-copies/');

describe.each(['completion', 'reproducible'])('the log of a search in order %s', (order) => {
  describe.each([
    ['head', async () => LOG.head],
    ['segment', segmentOf],
    ["head's copy", async () => LOG.headCopy],
    ["segment's copy", async (store: ObjectStore) => copyOf(await segmentOf(store))],
  ])('whose %s', (_, keyIn) => {
    it.each(Object.keys(DAMAGES))('%s goes on where it was', async (damage) => {
      const { store, networks, events } = await halfDone(order);
      const key = await keyIn(store);
      await DAMAGES[damage]?.(store, key);
      expect(await eventsOf(store)).toEqual(events);
      const fleet = fleetOf(networks);
      expect(await carryOut(store, fleet)).toMatchObject({ outcome: 'succeeded' });
      expect((await eventsOf(store)).slice(0, events.length)).toEqual(events);
      expect(fleet.launched).toHaveLength(new Set(fleet.launched).size);
      expect(new Set(networks.values())).toHaveLength(networks.size);
      if (!key.includes('copy') && !key.includes('copies') && damage !== 'is gone')
        expect(await keysBelow(store, 'runs/run/damaged/')).toHaveLength(1);
    });
  });

  it('goes on where it was when its head is damaged under a worker', async () => {
    const { store, networks, events } = await halfDone(order);
    const fleet = fleetOf(networks);
    let damaged = false;
    const search = carryOut(
      {
        ...store,
        compareAndSwap: async (key, body, etag) => {
          if (!damaged && key === LOG.head) {
            damaged = true;
            await DAMAGES['ends early']?.(store, key);
          }
          return store.compareAndSwap(key, body, etag);
        },
      },
      fleet,
    );
    await expect(search).rejects.toThrow('another worker');
    expect(await carryOut(store, fleetOf(networks))).toMatchObject({ outcome: 'succeeded' });
    expect((await eventsOf(store)).slice(0, events.length)).toEqual(events);
  });
});

describe.each([
  ['head', async () => LOG.head],
  ['segment', segmentOf],
])('a log whose %s is damaged like its copy', (_, keyIn) => {
  const damageBoth = async (store: ObjectStore): Promise<string> => {
    const key = await keyIn(store);
    for (const one of [key, copyOf(key)]) await DAMAGES['has another byte']?.(store, one);
    return key;
  };

  it('stops a search in order of completion, with the key and what mends it', async () => {
    const { store, networks } = await halfDone('completion');
    const key = await damageBoth(store);
    await expect(carryOut(store, fleetOf(networks))).rejects.toThrow(
      new RegExp(`${key.replaceAll('.', '\\.')}.*restore the object from the bucket's versions`),
    );
  });

  it('is learnt once more in the reproducible order', async () => {
    const { store, networks, events } = await halfDone('reproducible');
    await damageBoth(store);
    const { damage } = await openTrialLog(store, 'run', SEARCH.jobId);
    expect(damage).toContain(await keyIn(store));
    expect(await carryOut(store, fleetOf(networks))).toMatchObject({ outcome: 'succeeded' });
    const told = (all: typeof events) => all.filter(({ kind }) => kind === 'told');
    expect(told(await eventsOf(store)).slice(0, told(events).length)).toEqual(told(events));
  });
});
