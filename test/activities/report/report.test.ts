import { describe, expect, test } from 'vitest';
import { collectRunDocuments } from '../../../activities/report/report-documents.ts';
import type { TrainResult } from '../../../nas/job/program-result.ts';
import { createCollectReport } from '../../../activities/report/report.ts';
import { sha256 } from '../../../nas/core/hash.ts';
import { buildReport } from '../../../nas/report/build-report.ts';
import type { RunDocuments } from '../../../nas/report/build-report.ts';
import { keys } from '../../../store/keys.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { parseS3Uri } from '../../../store/object-store.ts';
import { failedRun, finishedRun } from '../../report/fixtures.ts';
import { runByTrials } from '../../report/trial-fixtures.ts';
import { storedRun } from '../../support/stored-run.ts';

const collect = (
  store: ObjectStore,
  { run, view }: RunDocuments,
): ReturnType<ReturnType<typeof createCollectReport>> =>
  createCollectReport({ store })({ run: { runId: run.runId, experimentHash: run.experimentHash }, view });

describe('collectReport', () => {
  test.each([
    ['finished', finishedRun],
    ['failed', failedRun],
    ['searched by trials', () => runByTrials({ name: 'judged-random', warmUp: 10 })],
  ])('writes the report of a %s run from what is in the store', async (_, make) => {
    const { store, documents } = await storedRun(make());
    const ref = await collect(store, documents);
    const { runId } = documents.run;
    const body = (await store.get(parseS3Uri(ref.uri).key))!.body;
    expect(ref).toEqual({
      uri: store.uri(keys.report(runId, 'report.json')),
      sha256: sha256(body),
      bytes: body.byteLength,
    });
    expect(JSON.parse(new TextDecoder().decode(body))).toEqual(
      JSON.parse(JSON.stringify(buildReport(documents))),
    );
    const written: string[] = [];
    for await (const { key } of store.list(keys.report(runId, '')))
      written.push(key.slice(keys.report(runId, '').length));
    expect(written).toEqual(
      expect.arrayContaining(['report.html', 'report.json', 'report.md', 'figures/timeline.svg']),
    );
  });

  test('repeating it gives the same bytes', async () => {
    const { store, documents } = await storedRun(finishedRun());
    expect(await collect(store, documents)).toEqual(await collect(store, documents));
  });

  test('a data set that was replaced since is left out', async () => {
    const { store, documents } = await storedRun(failedRun());
    const key = keys.dataset(documents.run.dataset.name);
    await store.put(
      key,
      new TextEncoder().encode(new TextDecoder().decode((await store.get(key))!.body).replace('MIT', 'BSD')),
    );
    const ref = await collect(store, documents);
    const report = JSON.parse(
      new TextDecoder().decode((await store.get(parseS3Uri(ref.uri).key))!.body),
    ) as object;
    expect(report).not.toHaveProperty('data');
  });
});

test('a result whose score the metric cannot give counts as damaged', async () => {
  const documents = finishedRun();
  const jobId = 'stage-3/winner/seed-0';
  const result = documents.results[jobId] as TrainResult;
  const { store, documents: kept } = await storedRun({
    ...documents,
    results: { ...documents.results, [jobId]: { ...result, accuracy: 58.2 } },
  });
  const { results, damaged } = await collectRunDocuments(store, kept.run, kept.view, {});
  expect(results[jobId]).toBeUndefined();
  expect(damaged).toEqual([
    expect.stringMatching(
      /result\.json: accuracy: 58\.2: no score of the metric accuracy, allowed: from 0 to 1$/,
    ),
  ]);
});
