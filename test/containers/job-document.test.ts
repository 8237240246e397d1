import { describe, expect, it } from 'vitest';
import { parseJobDocument } from '../../nas/job/job-document.ts';
import { parseJobUri } from '../../containers/trainer/job-uri.ts';
import { InputError } from '../../nas/core/input-error.ts';
import { tinyTraining } from './job-kit.ts';

const document = {
  version: 1,
  runId: 'r',
  jobId: 'stage-2/cell-1',
  experimentHash: 'e',
  program: tinyTraining(2),
  dataset: {
    name: 'tiny',
    manifest: { uri: 's3://b/datasets/tiny/manifest.json', sha256: 'a'.repeat(64), bytes: 9 },
  },
  checkpoint: { intervalSeconds: 'auto', everySteps: 0, keep: 3 },
  threads: 1,
};
const parse = (value: object) => parseJobDocument(value, 's3://b/job.json');

describe('job document', () => {
  it('reads what the workflow writes', () => {
    expect(parse(document)).toEqual(document);
  });

  it.each([
    [{ ...document, version: 2 }, /version: 2 is not allowed/],
    [
      { ...document, program: { ...document.program, kind: 'paint' } },
      /program\.kind: "paint" is not allowed/,
    ],
    [{ ...document, threads: 0 }, /threads: 0 is not allowed/],
    [{ ...document, surprise: 1 }, /surprise/],
    [{ ...document, dataset: { name: 'tiny' } }, /dataset\.manifest: null is not allowed/],
  ])('names the field that is wrong (%#)', (value, message) => {
    expect(() => parse(value)).toThrow(InputError);
    expect(() => parse(value)).toThrow(message);
  });

  it('says when it is not JSON, or not an S3 URI', () => {
    expect(() => parseJobDocument('<html>', 's3://b/k')).toThrow(/s3:\/\/b\/k: "<html>" is not allowed/);
    for (const uri of [undefined, '', 'job.json', 's3://bucket', 'https://b/k'])
      expect(() => parseJobUri(uri)).toThrow(InputError);
    expect(parseJobUri('s3://bucket/runs/a/job.json')).toEqual({ bucket: 'bucket', key: 'runs/a/job.json' });
  });
});
