import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { isS3Ready, isTemporalReady } from '../../infra/local/stack/health.ts';
import { layoutOf } from '../../infra/local/stack/layout.ts';
import type { Layout } from '../../infra/local/stack/layout.ts';
import { freePort } from '../../infra/local/stack/ports.ts';
import { logTail, runningPid, startDetached } from '../../infra/local/stack/processes.ts';
import type { ProcessSpec } from '../../infra/local/stack/processes.ts';
import { s3Server, temporalServer } from '../../infra/local/stack/services.ts';
import { withLock } from '../../scripts/setup/cache.mjs';
import { findTool } from '../../scripts/setup/tools.mjs';

const sharedLayout = (): Layout => {
  const home = process.env['NAS_TEST_SERVERS'];
  if (home === undefined)
    throw new Error('NAS_TEST_SERVERS is not set: run the test through vitest.config.ts');
  return layoutOf(home);
};

/** Path of a server that set-up installed; a test that needs one fails without it, it never skips. */
export const toolForTests = async (name: 'temporal' | 'versitygw'): Promise<string> => {
  const tool = await findTool(name);
  if (tool === undefined) throw new Error(`${name} is not installed: run node scripts/setup.mjs`);
  return tool.path;
};

const untilReady = async (layout: Layout, name: string, ready: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + 60_000;
  while (!(await ready())) {
    if (runningPid(layout, name) === undefined || performance.now() > deadline) {
      throw new Error(`${name} for tests did not start:\n${logTail(layout, name)}`);
    }
    await sleep(50);
  }
};

/** Starts a server once for all test processes and answers what its starter said of it. */
const shareServer = <T>(
  name: string,
  start: (layout: Layout) => Promise<{ spec: ProcessSpec; info: T }>,
  ready: (info: T) => Promise<boolean>,
): Promise<T> => {
  const layout = sharedLayout();
  mkdirSync(layout.processes, { recursive: true });
  const infoPath = join(layout.home, `${name}.info.json`);
  return withLock(join(layout.home, `${name}.lock`), async () => {
    if (runningPid(layout, name) !== undefined) return JSON.parse(readFileSync(infoPath, 'utf8')) as T;
    const { spec, info } = await start(layout);
    startDetached(layout, spec);
    await untilReady(layout, name, () => ready(info));
    writeFileSync(infoPath, JSON.stringify(info));
    return info;
  });
};

interface TestTemporal {
  readonly address: string;
  readonly namespace: string;
}

/** A Temporal development server (in memory, search attributes registered) shared by the whole test run. */
export const temporalForTests = (): Promise<TestTemporal> =>
  shareServer(
    'temporal',
    async (layout) => {
      const port = await freePort();
      return {
        spec: temporalServer(await toolForTests('temporal'), { port, cwd: layout.home }),
        info: { address: `127.0.0.1:${port}`, namespace: 'default' },
      };
    },
    ({ address, namespace }) => isTemporalReady(address, namespace),
  );

export interface TestS3 {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** An S3 server shared by the whole test run. */
export const s3ForTests = (): Promise<TestS3> =>
  shareServer(
    's3',
    async (layout) => {
      const port = await freePort();
      const credentials = { accessKeyId: 'test-access-key', secretAccessKey: 'test-secret-key' };
      const region = 'us-east-1';
      const spec = s3Server(await toolForTests('versitygw'), {
        ...{ port, credentials, region },
        objects: layout.s3Objects,
        versions: layout.s3Versions,
      });
      return { spec, info: { endpoint: `http://127.0.0.1:${port}`, region, credentials } };
    },
    ({ endpoint }) => isS3Ready(endpoint),
  );

/** The environment that points the SDK's clients, here or in a child process, at the server. */
export const s3Environment = (s3: TestS3): Record<string, string> => ({
  AWS_ENDPOINT_URL_S3: s3.endpoint,
  AWS_REGION: s3.region,
  AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
});

export const s3ClientForTests = (s3: TestS3): S3Client => new S3Client({ ...s3, forcePathStyle: true });

/** A new, empty bucket of its own for one test file. */
export const bucketForTests = async (s3: TestS3): Promise<string> => {
  const bucket = `test-${randomBytes(6).toString('hex')}`;
  const client = s3ClientForTests(s3);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return bucket;
};
