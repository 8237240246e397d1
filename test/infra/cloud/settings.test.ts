import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { deploySettingsSchema } from '../../../infra/settings.ts';
import { loadDeploySettings } from '../../../infra/load-settings.ts';
import { configSchema } from '../../../nas/experiment/config.ts';
import { InputError } from '../../../nas/core/input-error.ts';
import { configFile } from '../../../scripts/deploy/outputs.ts';
import { settingsOf, WITH_WORKER } from './deployment.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'durable-nas-settings-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = (text: string, env: NodeJS.ProcessEnv = {}) => {
  const file = join(folder, 'nas.deploy.yaml');
  writeFileSync(file, text);
  return loadDeploySettings({ file, env });
};

const refusal = (text: string): Error => {
  try {
    load(text);
  } catch (error) {
    return error as Error;
  }
  throw new Error('the settings were accepted');
};

describe('nas.deploy.yaml', () => {
  it('has a default for everything but the region', () => {
    expect(load('region: us-east-2')).toMatchObject({
      name: 'durable-nas',
      region: 'us-east-2',
      gpu: { instances: ['g4dn', 'g5', 'g6'], maxVcpus: 64 },
    });
    expect(load('', { AWS_REGION: 'eu-north-1' }).region).toBe('eu-north-1');
  });

  it.each([
    ['name: Upper', 'name: "Upper"', 'lower-case letters', 'docs/aws.md'],
    ['name: nas', 'region: null', 'a value of type string', 'AWS_REGION'],
    ['region: Ireland', 'region: "Ireland"', 'such as eu-west-1', 'AWS_REGION'],
    ['region: eu-west-1\ngpu: { instance: [g5] }', 'gpu.instance', 'instances', 'did you mean instances?'],
    ['region: eu-west-1\ngpu: { instances: [g99] }', '"g99"', 'g5.xlarge', 'docs/aws.md'],
    ['region: eu-west-1\ngpu: { instances: [] }', 'gpu.instances: []', '≥ 1', 'bound'],
    ['region: eu-west-1\ncpu: { maxVcpus: 0 }', 'cpu.maxVcpus: 0', '≥ 1', 'bound'],
    ['region: eu-west-1\nlogDays: 2', 'logDays: 2', '1, 3, 5, 7', 'docs/aws.md'],
    ['region: eu-west-1\nworker: {}', 'worker.temporalAddress: null', 'string', 'add the field'],
    ['region: eu-west-1\nworker: { temporalAddress: https://x }', 'https://x', 'host:port', 'docs/aws.md'],
    ['- 1', '[1]', 'a mapping', 'docs/aws.md'],
    ['a: [', 'nas.deploy.yaml', 'YAML', 'correct the file'],
  ])('refuses %j by name', (text, field, allowed, fix) => {
    const error = refusal(text);
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toContain(field);
    expect(error.message.slice(error.message.indexOf('Allowed:'))).toContain(allowed);
    expect(error.message.slice(error.message.indexOf('Fix:'))).toContain(fix);
  });

  it('must exist where it is named', () => {
    expect(() => loadDeploySettings({ env: { NAS_DEPLOY_SETTINGS: join(folder, 'none.yaml') } })).toThrow(
      /none\.yaml/,
    );
  });
});

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

const fieldsOf = (schema: JsonSchema, path = ''): string[] =>
  schema.properties === undefined
    ? [path]
    : Object.entries(schema.properties).flatMap(([name, inner]) =>
        fieldsOf(inner, path === '' ? name : `${path}.${name}`),
      );

describe('docs/aws.md', () => {
  it('lists every field of the settings, and no other', () => {
    const text = readFileSync(new URL('../../../docs/aws.md', import.meta.url), 'utf8');
    const section = text.slice(text.indexOf('## 2. Settings'), text.indexOf('## 3.'));
    const listed = [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, field]) => field);
    const fields = fieldsOf(z.toJSONSchema(deploySettingsSchema, { io: 'input' }) as JsonSchema);
    expect(listed).toEqual(fields);
  });
});

describe('the printed nas.config.yaml', () => {
  const outputs = {
    Bucket: 'a-bucket',
    GpuQueue: 'durable-nas-gpu-spot',
    GpuJobDefinition: 'durable-nas-trainer-gpu',
  };

  it('is a configuration that nas accepts', () => {
    expect(configSchema.parse(parse(configFile(settingsOf(WITH_WORKER), outputs)))).toEqual({
      region: 'eu-west-1',
      bucket: 'a-bucket',
      queue: 'durable-nas-gpu-spot',
      jobDefinition: 'durable-nas-trainer-gpu',
      temporalAddress: 'temporal.example.internal:7233',
      temporalNamespace: 'default',
      taskQueue: 'nas',
    });
  });

  it('leaves the Temporal address to be filled in where no worker was deployed', () => {
    const text = configFile(settingsOf(), outputs);
    expect(text).toContain('# temporalAddress: HOST:7233');
    expect(configSchema.safeParse(parse(text)).error?.issues.map(({ path }) => path.join('.'))).toEqual([
      'temporalAddress',
    ]);
  });
});
