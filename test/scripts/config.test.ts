import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeStack } from '../../infra/local/stack/document.ts';
import { layoutOf } from '../../infra/local/stack/layout.ts';
import { InfrastructureError } from '../../nas/core/infrastructure-error.ts';
import { InputError } from '../../nas/core/input-error.ts';
import { loadConfig, useConfig } from '../../scripts/config.ts';

const FULL = `region: eu-west-1
bucket: my-bucket
queue: gpu-spot
jobDefinition: trainer
temporalAddress: temporal.example:7233
`;

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nas-config-'));
  file = join(folder, 'nas.config.yaml');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const load = (yaml: string | undefined, env: NodeJS.ProcessEnv = {}) => {
  if (yaml !== undefined) writeFileSync(file, yaml);
  return loadConfig({ file, env: { NAS_HOME: join(folder, 'home'), ...env } });
};

const startedStack = (): void =>
  writeStack(layoutOf(join(folder, 'home')), {
    version: 1,
    ports: { temporal: 1, temporalUi: 2, s3: 3, batch: 4 },
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    slots: 1,
    config: {
      region: 'us-east-1',
      bucket: 'nas',
      queue: 'nas-spot',
      jobDefinition: 'nas-trainer',
      temporalAddress: '127.0.0.1:1',
      temporalNamespace: 'default',
      taskQueue: 'nas',
    },
  });

describe('configuration', () => {
  it('reads the file, with its defaults', () => {
    expect(load(FULL)).toEqual({
      source: file,
      region: 'eu-west-1',
      bucket: 'my-bucket',
      queue: 'gpu-spot',
      jobDefinition: 'trainer',
      temporalAddress: 'temporal.example:7233',
      temporalNamespace: 'default',
      taskQueue: 'nas',
    });
  });

  it('lets the environment win over the file', () => {
    expect(load(FULL, { NAS_QUEUE: 'other', AWS_REGION: 'us-west-2' })).toMatchObject({
      queue: 'other',
      region: 'us-west-2',
      bucket: 'my-bucket',
    });
  });

  it('does not mix the environment with the embedded stack', () => {
    startedStack();
    expect(load(undefined, { AWS_REGION: 'eu-central-1' })).toMatchObject({
      source: 'embedded stack',
      region: 'us-east-1',
      embedded: { batch: 'http://127.0.0.1:4', temporalUi: 'http://127.0.0.1:2' },
    });
    expect(() => load(undefined, { NAS_BUCKET: 'my-bucket' })).toThrow(/configuration region: null/);
  });

  it.each([
    ['an unknown field', `${FULL}buckets: x\n`, /buckets: "x" is not allowed\. Allowed: region, bucket/],
    ['a wrong type', FULL.replace('gpu-spot', '7'), /configuration queue: 7 is not allowed/],
    ['a bad address', FULL.replace(':7233', ''), /temporalAddress: "temporal.example" .*allowed: host:port/],
    ['a missing field', FULL.replace(/bucket.*\n/, ''), /set bucket in .* or NAS_BUCKET in the environment/],
    ['no YAML', 'a: [', /is not allowed\. Allowed: YAML/],
    ['a list', '- a\n', /a mapping with region/],
  ])('refuses %s', (_, yaml, message) => {
    expect(() => load(yaml)).toThrow(InputError);
    expect(() => load(yaml)).toThrow(message);
  });

  it('says how to get a stack when there is none', () => {
    expect(() => load(undefined)).toThrow(InfrastructureError);
    expect(() => load(undefined)).toThrow(/there is no embedded stack in .*\. Fix: nas up/);
  });

  it('says what to do with a damaged stack document', () => {
    mkdirSync(join(folder, 'home'));
    writeFileSync(join(folder, 'home', 'stack.json'), '{');
    expect(() => load(undefined)).toThrow(/stack\.json is damaged\. Fix: delete the file/);
  });

  it('points the SDK at the embedded stack and away from any account', () => {
    startedStack();
    for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN']) vi.stubEnv(name, 'somebody');
    for (const name of ['AWS_ENDPOINT_URL_S3', 'AWS_ACCESS_KEY_ID', 'NAS_BUCKET', 'AWS_REGION'])
      vi.stubEnv(name, '');
    useConfig({ file, env: { NAS_HOME: join(folder, 'home') } });
    expect(process.env).toMatchObject({
      AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:3',
      AWS_ENDPOINT_URL_BATCH: 'http://127.0.0.1:4',
      AWS_ACCESS_KEY_ID: 'key',
      NAS_BUCKET: 'nas',
    });
    expect(process.env['AWS_PROFILE']).toBeUndefined();
    expect(process.env['AWS_SESSION_TOKEN']).toBeUndefined();
  });
});
