import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseJobDocument } from '../../nas/job/job-document.ts';
import { stageRecordSchema } from '../../nas/job/stage-record.ts';
import { givenCell } from '../../nas/experiment/given-cell.ts';
import { hashJson } from '../../nas/core/hash.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { jobDocument, retrainJobs, searchJobs, trialJob } from '../../nas/protocol/plan.ts';
import { asSettled } from '../../nas/experiment/settled-experiment.ts';
import { isBlackBox } from '../../nas/search/strategy-schema.ts';

const FOLDER = 'experiments';
const TRIAL = {
  id: 't-000007',
  ordinal: 7,
  genotype: 'any',
  hash: '',
  fidelity: 1,
  note: null,
  earlier: [0.25],
  continues: 't-000003',
};

const NOTHING_SPENT = { attempts: 1, reclaims: 0, seconds: 0, dollars: 0 };

describe.each(readdirSync(FOLDER).filter((file) => file.endsWith('.yaml')))('%s', (file) => {
  it('is a valid experiment whose jobs the trainer and the records of stages accept', () => {
    const loaded = loadExperiment(readFileSync(join(FOLDER, file), 'utf8'), { file });
    const experiment = asSettled(loaded.experiment);
    expect(`${experiment.name}.yaml`).toBe(file);
    const run = {
      version: 1,
      runId: experiment.name,
      experiment,
      experimentHash: hashJson(experiment),
      dataset: { name: 'd', manifest: { uri: 's3://b/k', sha256: '0'.repeat(64), bytes: 1 } },
      createdAt: '2026-01-01T00:00:00.000Z',
    } as const;
    const planned =
      experiment.strategy.name === 'given'
        ? retrainJobs(experiment, [givenCell(experiment)])
        : searchJobs(experiment);
    const [job] = planned.map((search) =>
      isBlackBox(experiment.strategy) ? trialJob(experiment, search, TRIAL) : search,
    );
    expect(job).toBeDefined();
    const document = jobDocument(run, job as NonNullable<typeof job>);
    expect(parseJobDocument(document, 's3://b/job.json')).toEqual(document);
    const reports = [...planned, job].map((of) => ({ job: of, outcome: 'succeeded', ...NOTHING_SPENT }));
    const record = { version: 1, stage: 'proxy-search', reports };
    expect(stageRecordSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
  });
});
