import type { TrainResult } from '../../nas/job/program-result.ts';
import { LATENCY, latencyRecordSchema, timesTrials } from '../../nas/experiment/measures.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { TrialMeasures } from '../../nas/search/trial-log.ts';
import { readDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { CorruptDocumentError } from '../../store/sealed-document.ts';

/** What a search learns of a trained network besides its score; its timing only where the experiment asks. */
export const trialMeasures = async (
  store: ObjectStore,
  { runId, experiment }: RunRecord,
  jobId: string,
  { parameters, multiplyAdds }: TrainResult,
): Promise<TrialMeasures> => {
  if (!timesTrials(experiment)) return { parameters, multiplyAdds };
  const key = keys.job(runId, jobId).latency;
  const record = await readDocument(store, key, latencyRecordSchema);
  if (record === undefined)
    throw new CorruptDocumentError(`${store.uri(key)}: missing, though the network was trained`);
  return { parameters, multiplyAdds, [LATENCY]: record.milliseconds };
};
