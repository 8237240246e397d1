import { describe, expect, it } from 'vitest';
import { createCollectReport } from '../../../activities/report/report.ts';
import type { RunDocuments } from '../../../nas/report/build-report.ts';
import { keys } from '../../../store/keys.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { failedRun, finishedRun } from '../../report/fixtures.ts';
import { runByTrials } from '../../report/trial-fixtures.ts';
import { atEveryEvent, contentOf, throughKill } from '../../support/kill-points.ts';
import type { KillPoint } from '../../support/kill-points.ts';
import { createSimulatedBatch } from '../../support/simulated-batch.ts';
import { storedRun } from '../../support/stored-run.ts';

const reportOf = async (store: ObjectStore, { run, view }: RunDocuments, kill?: KillPoint) => {
  const world = { store, batch: createSimulatedBatch(store) };
  return throughKill(world, kill, (worker) => createCollectReport({ store: worker.store }), {
    run: { runId: run.runId, experimentHash: run.experimentHash },
    view,
  });
};

/** The first job of each stage and its first trials: further ones are read alike. */
const few = (documents: RunDocuments): RunDocuments => {
  const { view, trials } = documents;
  return {
    ...documents,
    view: { ...view, stages: view.stages.map((stage) => ({ ...stage, jobs: stage.jobs.slice(0, 1) })) },
    trials: Object.fromEntries(Object.entries(trials).map(([jobId, all]) => [jobId, all.slice(0, 3)])),
  };
};

describe.each([
  ['finished', finishedRun],
  ['failed', failedRun],
  ['searched by trials', () => runByTrials({ name: 'random' })],
])('the report of a %s run', (_, make) => {
  it(
    'is the same wherever its worker is killed, and report.json is its last part',
    { timeout: 240_000 },
    async () => {
      const documents = few(make());
      const undisturbed = await storedRun(documents);
      const { output, events } = await reportOf(undisturbed.store, undisturbed.documents);
      expect(events.at(-1)).toBe(`put ${keys.report(documents.run.runId, 'report.json')}`);
      const content = await contentOf(undisturbed.store);
      await atEveryEvent(async (kill) => {
        const { store, documents: there } = await storedRun(documents);
        const again = await reportOf(store, there, kill);
        const where = `${kill.when} ${again.events[kill.event]}, event ${kill.event}`;
        expect(again.output, where).toEqual(output);
        expect(await contentOf(store), where).toEqual(content);
        return again;
      });
    },
  );
});
