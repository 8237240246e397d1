import packageJson from '../../package.json' with { type: 'json' };
import { sha256 } from '../../nas/core/hash.ts';
import type { BlobRef } from '../../nas/core/blob.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { ProtocolActivities } from '../contract.ts';
import { collectRunDocuments } from './report-documents.ts';
import { readRun } from '../documents/run-documents.ts';

/** What writes the reports; the attempts say what trained. */
export const REPORT_SOFTWARE: Readonly<Record<string, string>> = {
  [packageJson.name]: packageJson.version,
  'node (report)': process.versions.node,
};

/**
 * `collectReport` of `ProtocolActivities`: writes the run's report in all its forms below `report/`,
 * `report.json` last, so that who finds it finds the others. Repeating it overwrites them with the same.
 */
export const createCollectReport =
  ({ store }: { readonly store: ObjectStore }): ProtocolActivities['collectReport'] =>
  async ({ run, view }): Promise<BlobRef> => {
    // Plots and graph layout are large modules that only the end of a run needs.
    const [{ buildReport }, { renderReport }] = await Promise.all([
      import('../../nas/report/build-report.ts'),
      import('../../nas/report/render-report.ts'),
    ]);
    const record = await readRun(store, run);
    const files = await renderReport(
      buildReport(await collectRunDocuments(store, record, view, REPORT_SOFTWARE)),
    );
    const { 'report.json': document, ...others } = files;
    const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
    for (const [path, text] of Object.entries(others)) {
      await store.put(keys.report(run.runId, path), encode(text));
    }
    const body = encode(document);
    const key = keys.report(run.runId, 'report.json');
    await store.put(key, body);
    return { uri: store.uri(key), sha256: sha256(body), bytes: body.byteLength };
  };
