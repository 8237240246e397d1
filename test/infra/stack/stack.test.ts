import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchClient,
  DescribeJobDefinitionsCommand,
  DescribeJobQueuesCommand,
  DescribeJobsCommand,
  RegisterJobDefinitionCommand,
  SubmitJobCommand,
  TerminateJobCommand,
} from '@aws-sdk/client-batch';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { REPOSITORY } from '../../../infra/local/stack/layout.ts';
import { freePort } from '../../../infra/local/stack/ports.ts';

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface UpAnswer {
  readonly services: readonly { readonly name: string; readonly pid: number; readonly started: boolean }[];
  readonly endpoints: Readonly<Record<'s3' | 'batch' | 'temporal' | 'temporalUi', string>>;
}

const home = mkdtempSync(join(tmpdir(), 'nas-stack-'));

const nas = (...args: string[]): Promise<Answer> =>
  new Promise((resolve) => {
    const env = { ...process.env, NAS_HOME: home };
    const child = spawn(process.execPath, ['scripts/nas.mjs', ...args], { cwd: REPOSITORY, env });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });

const up = async (...args: string[]): Promise<UpAnswer> => {
  const { code, stdout, stderr } = await nas('up', '--json', ...args);
  expect(stderr + stdout).not.toContain('nas: ');
  expect(code).toBe(0);
  return JSON.parse(stdout) as UpAnswer;
};

const startedBy = ({ services }: UpAnswer): string[] =>
  services
    .filter(({ started }) => started)
    .map(({ name }) => name)
    .sort();
const pidOf = ({ services }: UpAnswer, name: string): number =>
  services.find((service) => service.name === name)?.pid ?? 0;

/** Where a process listens for TCP, as Linux tells it. */
const listening = (pid: number): { address: string; port: number }[] => {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // Closed meanwhile.
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A' && own.has(fields[9] ?? ''))
      .map(([, local = '']) => {
        const [hex = '', port = ''] = local.split(':');
        const address =
          table === 'tcp'
            ? (hex.match(/../g) ?? [])
                .reverse()
                .map((b) => parseInt(b, 16))
                .join('.')
            : hex;
        return { address, port: parseInt(port, 16) };
      }),
  );
};

/** HTTP status of a GET with these headers; undefined where the port speaks no HTTP/1. */
const statusOf = (port: number, path: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path, headers, timeout: 5_000 }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(undefined));
    sent.end();
  });

/** Kills without a chance to say goodbye, and waits until the process is gone. */
const killHard = async (pid: number): Promise<void> => {
  process.kill(pid, 'SIGKILL');
  for (;;) {
    const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
    if (state === '' || state.includes(') Z')) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('the embedded stack', () => {
  let first: UpAnswer;
  let s3: S3Client;
  let batch: BatchClient;

  beforeAll(async () => {
    const [temporal, ui, s3Port, batchPort] = await Promise.all([
      freePort(),
      freePort(),
      freePort(),
      freePort(),
    ]);
    first = await up(
      ...['--temporal-port', String(temporal), '--temporal-ui-port', String(ui)],
      ...['--s3-port', String(s3Port), '--batch-port', String(batchPort), '--slots', '1'],
    );
    const { credentials } = JSON.parse(readFileSync(join(home, 'stack.json'), 'utf8')) as {
      credentials: { accessKeyId: string; secretAccessKey: string };
    };
    const shared = { region: 'us-east-1', credentials };
    s3 = new S3Client({ ...shared, endpoint: first.endpoints.s3, forcePathStyle: true });
    batch = new BatchClient({ ...shared, endpoint: first.endpoints.batch });
  });

  afterAll(async () => {
    s3.destroy();
    batch.destroy();
    await nas('down', '--wipe');
    rmSync(home, { recursive: true, force: true });
  });

  it('starts its four services, loopback only', () => {
    expect(startedBy(first)).toEqual(['batch', 's3', 'temporal', 'worker']);
    expect(Object.values(first.endpoints).every((url) => url.includes('127.0.0.1:'))).toBe(true);
  });

  it('does nothing when everything runs, even for two callers at once', async () => {
    const [left, right] = await Promise.all([up(), up()]);
    expect([startedBy(left), startedBy(right)]).toEqual([[], []]);
    expect(left.services.map(({ pid }) => pid).sort()).toEqual(first.services.map(({ pid }) => pid).sort());
  });

  it('answers every question of the doctor', async () => {
    const { code, stdout } = await nas('doctor', '--json');
    const { checks } = JSON.parse(stdout) as { checks: { name: string; ok: boolean; found: string }[] };
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'S3 bucket',
        'Batch queue',
        'Batch job definition',
        'Temporal namespace',
        'worker',
      ]),
    );
    expect(code).toBe(0);
  });

  it.runIf(existsSync('/proc/net/tcp'))(
    'listens on loopback alone, and obeys no web page on any port',
    async () => {
      const ports = first.services.flatMap(({ pid }) => listening(pid));
      expect(ports.length).toBeGreaterThanOrEqual(5);
      expect(ports.filter(({ address }) => address !== '127.0.0.1')).toEqual([]);
      const { temporalUi } = first.endpoints;
      for (const { port } of ports) {
        if (temporalUi.endsWith(`:${port}`)) continue;
        for (const path of [
          '/api/v1/namespaces',
          '/v1/describejobqueues',
          '/_local/state',
          '/nas?list-type=2',
        ])
          for (const headers of [{ host: 'evil.example' }, { origin: 'http://evil.example' }])
            expect(await statusOf(port, path, headers), `${port}${path}`).not.toBe(200);
      }
    },
  );

  it('keeps what it stores to its user, and mends a home that was open', async () => {
    const privacy = async (): Promise<{ ok: boolean; found: string } | undefined> =>
      (
        JSON.parse((await nas('doctor', '--json')).stdout) as {
          checks: { name: string; ok: boolean; found: string }[];
        }
      ).checks.find(({ name }) => name === 'privacy of the stack');
    await s3.send(new PutObjectCommand({ Bucket: 'nas', Key: 'private/object', Body: 'secret' }));
    expect(await privacy()).toMatchObject({ ok: true });
    const object = join(home, 's3', 'objects', 'nas', 'private', 'object');
    for (const path of [home, join(home, 'stack.json'), join(home, 'temporal.db'), object]) {
      chmodSync(path, statSync(path).mode | 0o055);
    }
    expect(await privacy()).toMatchObject({ ok: false, found: expect.stringContaining('4 files') as string });
    expect(startedBy(await up())).toEqual([]);
    expect(await privacy()).toMatchObject({ ok: true });
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(statSync(object).mode & 0o077).toBe(0);
    if (process.getuid?.() !== 0) return;
    const cat = spawnSync('cat', [join(home, 'stack.json')], { uid: 65_534, gid: 65_534, cwd: '/' });
    expect(cat.status).not.toBe(0);
  });

  it('restarts what was killed, and loses nothing that was stored', async () => {
    const body = createHash('sha256').update(home).digest('hex');
    await s3.send(new PutObjectCommand({ Bucket: 'nas', Key: 'kept/object', Body: body }));
    for (const name of ['s3', 'batch', 'worker']) await killHard(pidOf(first, name));
    const { stdout } = await nas('doctor', '--json');
    const failing = (JSON.parse(stdout) as { checks: { name: string; ok: boolean; fix?: string }[] }).checks
      .filter(({ ok }) => !ok)
      .map(({ name, fix }) => `${name}: ${fix}`);
    expect(failing).toEqual(expect.arrayContaining(['service s3: nas up', 'service batch: nas up']));

    const second = await up();
    expect(startedBy(second)).toEqual(['batch', 's3', 'worker']);
    expect(pidOf(second, 'temporal')).toBe(pidOf(first, 'temporal'));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'nas', Key: 'kept/object' }));
    expect(await Body?.transformToString()).toBe(body);
    const { jobQueues } = await batch.send(new DescribeJobQueuesCommand({ jobQueues: ['nas-spot'] }));
    expect(jobQueues?.[0]).toMatchObject({ state: 'ENABLED', status: 'VALID' });
    const { jobDefinitions } = await batch.send(
      new DescribeJobDefinitionsCommand({ jobDefinitionName: 'nas-trainer' }),
    );
    expect(jobDefinitions?.map(({ revision }) => revision)).toEqual([1]);
  });

  it('refuses a named port that is in use, and starts nothing', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as AddressInfo;
    const { code, stderr, stdout } = await nas('up', '--s3-port', String(port));
    squatter.close();
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toContain(`--s3-port ${port}: the port is in use. Fix: `);
  });

  it.each([
    ['--slots', '0', 'whole numbers from 1 to 1024'],
    ['--s3-port', 'seven', 'whole numbers from 1 to 65535'],
  ])('refuses %s %s with what is allowed', async (option, value, allowed) => {
    const { code, stderr } = await nas('up', option, value);
    expect(code).toBe(2);
    expect(stderr).toContain(allowed);
  });

  it('ends running jobs gracefully when it stops, and starts them again', async () => {
    // A job that says goodbye on SIGTERM as a trainer does, with the exit code that Batch retries.
    const script = 'trap "exit 75" TERM; while :; do sleep 0.05; done';
    await batch.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: 'waits',
        type: 'container',
        containerProperties: {
          image: 'none',
          command: ['sh', '-c', script],
          resourceRequirements: [
            { type: 'VCPU', value: '1' },
            { type: 'MEMORY', value: '64' },
          ],
        },
        retryStrategy: { attempts: 3, evaluateOnExit: [{ onStatusReason: 'Host EC2*', action: 'RETRY' }] },
      }),
    );
    const { jobId = '' } = await batch.send(
      new SubmitJobCommand({ jobName: 'waits', jobQueue: 'nas-spot', jobDefinition: 'waits' }),
    );
    const job = async () => (await batch.send(new DescribeJobsCommand({ jobs: [jobId] }))).jobs?.[0];
    await vi.waitFor(async () => expect((await job())?.status).toBe('RUNNING'), { timeout: 30_000 });
    const { code, stderr } = await nas('down');
    expect(stderr).toContain('waiting for 1 running jobs to end');
    expect(code).toBe(0);
    await up();
    await vi.waitFor(async () => expect((await job())?.status).toBe('RUNNING'), { timeout: 30_000 });
    expect((await job())?.attempts).toHaveLength(1);
    expect((await job())?.attempts?.[0]?.statusReason).toMatch(/^Host EC2/);
    await batch.send(new TerminateJobCommand({ jobId, reason: 'test' }));
    await vi.waitFor(async () => expect((await job())?.status).toBe('FAILED'), { timeout: 60_000 });
  });

  it('stops on request and keeps its state', async () => {
    const { code, stderr } = await nas('down');
    expect(code).toBe(0);
    expect(stderr).toContain('stopped: worker, batch, temporal, s3');
    expect(readdirSync(join(home, 'processes'))).toEqual([]);
    expect(existsSync(join(home, 's3', 'objects', 'nas'))).toBe(true);
    expect((await nas('down')).stderr).toContain('nothing was running');
  });
});
