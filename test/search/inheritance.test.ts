import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseJobDocument } from '../../nas/job/job-document.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { jobDocument, trialJob } from '../../nas/protocol/plan.ts';
import { asSettled } from '../../nas/experiment/settled-experiment.ts';
import { trialEventSchema } from '../../nas/search/trial-log.ts';

const file = 'experiments/eas-small.yaml';
const experiment = asSettled(loadExperiment(readFileSync(file, 'utf8'), { file }).experiment);
const inherits = {
  trial: 't-000003',
  genotype: '{"blocks":[[[16,3]],[[32,3]],[[64,3]],[[128,3]]],"dense":[256]}',
  edits: [
    { kind: 'widen', layer: 0, width: 32 },
    { kind: 'deepen', layer: 4, kernel: 1 },
  ],
  noise: { wider: 0.01, deeper: 0.001 },
} as const;
const asked = {
  id: 't-000007',
  ordinal: 7,
  genotype: '{"blocks":[[[32,3]],[[32,3]],[[64,3]],[[128,3]]],"dense":[256,256]}',
  hash: '',
  fidelity: 1,
  note: null,
  inherits,
} as const;

describe('a trial that starts with the weights of another', () => {
  it('names that one’s job to the trainer, and how its network grew', () => {
    const job = trialJob(experiment, { jobId: 'stage-1/seed-0', seed: 0 }, { ...asked, earlier: [] });
    const run = {
      version: 1,
      runId: experiment.name,
      experiment,
      experimentHash: 'e'.repeat(64),
      dataset: { name: 'd', manifest: { uri: 's3://b/k', sha256: '0'.repeat(64), bytes: 1 } },
      createdAt: '2026-01-01T00:00:00.000Z',
    } as const;
    const document = jobDocument(run, job);
    const { trial: _, ...grown } = inherits;
    expect(document.inherits).toBe('stage-1/seed-0/trial-000003');
    expect(document.program).toMatchObject({ kind: 'train-network', genotype: asked.genotype, grown });
    expect(parseJobDocument(document, 's3://b/job.json')).toEqual(document);
  });

  it('is read back from the log of its search', () => {
    const event = { kind: 'asked', trials: [asked] };
    expect(trialEventSchema.parse(JSON.parse(JSON.stringify(event)))).toEqual(event);
    const broken = { ...asked, inherits: { ...inherits, edits: [{ kind: 'shrink', layer: 0 }] } };
    expect(() => trialEventSchema.parse({ kind: 'asked', trials: [broken] })).toThrow();
  });

  it('is refused with a start network that is none', () => {
    const wrong = ['space.start=\'{"blocks":[[[17,3]]],"dense":[64]}\''];
    expect(() => loadExperiment(readFileSync(file, 'utf8'), { file, overrides: wrong })).toThrow(
      /space\.start/,
    );
  });
});
