import { collectRunDocuments } from '../../activities/report/report-documents.ts';
import { REPORT_SOFTWARE } from '../../activities/report/report.ts';
import type { RenderedReport } from '../../nas/report/render-report.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { findRunRecord } from '../../store/run-records.ts';
import { unknownRun } from './connect.ts';
import type { Session } from './connect.ts';
import { liveView } from './live-view.ts';

const isWhole = (files: Readonly<Record<string, string>>): files is RenderedReport =>
  ['report.json', 'report.md', 'report.html'].every((path) => files[path] !== undefined);

/** The files of the report that the run wrote when it ended; undefined while it is not whole. */
const storedReport = async (store: ObjectStore, runId: string): Promise<RenderedReport | undefined> => {
  const prefix = keys.report(runId, '');
  const files: Record<string, string> = {};
  for await (const { key } of store.list(prefix)) {
    const stored = await store.get(key);
    if (stored !== undefined) files[key.slice(prefix.length)] = new TextDecoder().decode(stored.body);
  }
  return isWhole(files) ? files : undefined;
};

/**
 * The run's report: the stored one, or, of a run that has not written one, a report of what there is so far,
 * which is not stored. Throws `InputError` for an unknown run.
 */
export const fetchReport = async (session: Session, runId: string): Promise<RenderedReport> => {
  const stored = await storedReport(session.store, runId);
  if (stored !== undefined) return stored;
  const view = await liveView(session, runId);
  const run = await findRunRecord(session.store, runId);
  if (run === undefined) throw await unknownRun(session.client, runId);
  const [{ buildReport }, { renderReport }] = await Promise.all([
    import('../../nas/report/build-report.ts'),
    import('../../nas/report/render-report.ts'),
  ]);
  return renderReport(buildReport(await collectRunDocuments(session.store, run, view, REPORT_SOFTWARE)));
};
