import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isServiceReady } from '../../../infra/local/stack/health.ts';
import type { StackDocument } from '../../../infra/local/stack/document.ts';
import { layoutOf } from '../../../infra/local/stack/layout.ts';
import { processStart, processState, stateInProc } from '../../../infra/local/stack/process-start.mjs';
import {
  holdsPorts,
  logPath,
  runningPid,
  runningProcess,
  startDetached,
  stopProcess,
} from '../../../infra/local/stack/processes.ts';

const layout = layoutOf(mkdtempSync(join(tmpdir(), 'nas-processes-')));
afterAll(async () => {
  await stopProcess(layout, 'large', 0);
  rmSync(layout.home, { recursive: true, force: true });
});

/** Starts a process whose memory the kernel needs a while to take back, as a worker's. */
const startLarge = async (): Promise<number> => {
  const program = `
    const held = Array.from({ length: 400 }, () => Buffer.alloc(1e6, 1));
    console.log('ready', process.env.NAS_START, held.length);
    setInterval(() => {}, 1000);`;
  rmSync(logPath(layout, 'large'), { force: true });
  const { pid } = startDetached(layout, {
    name: 'large',
    command: process.execPath,
    args: ['-e', program],
    inherits: 'basics',
    env: {},
    cwd: layout.home,
  });
  await vi.waitFor(() => expect(readFileSync(logPath(layout, 'large'), 'utf8')).toContain('ready'), {
    timeout: 20_000,
  });
  return pid;
};

describe('a process of the stack', () => {
  let pid: number;
  beforeAll(async () => void (pid = await startLarge()));

  it('knows the token of its start, which no other start has', async () => {
    const token = runningProcess(layout, 'large')?.token;
    expect(readFileSync(logPath(layout, 'large'), 'utf8')).toContain(`ready ${token} `);
    await stopProcess(layout, 'large', 1_000);
    pid = await startLarge();
    expect(runningProcess(layout, 'large')?.token).not.toBe(token);
  });

  it('is not ready while it is paused, whatever it had answered', async () => {
    const server = await import('node:http').then(({ createServer }) =>
      createServer((_, answer) => answer.end()),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const stack = { ports: { s3: port } } as StackDocument;
    const ready = (): Promise<boolean> => isServiceReady(stack, 's3', { pid });
    try {
      expect(await ready()).toBe(true);
      process.kill(pid, 'SIGSTOP');
      await vi.waitFor(() => expect(processState(pid)).toBe('paused'));
      expect(await ready()).toBe(false);
      process.kill(pid, 'SIGCONT');
      await vi.waitFor(() => expect(processState(pid)).toBe('running'));
      expect(await ready()).toBe(true);
    } finally {
      server.close();
    }
  });

  it('runs no more as soon as it is killed, and holds its ports until it is gone', async () => {
    process.kill(pid, 'SIGKILL');
    expect(runningPid(layout, 'large')).toBeUndefined();
    expect(['ending', undefined]).toContain(processState(pid)); // On a busy machine it is gone before the look.
    await stopProcess(layout, 'large', 0);
    expect(processStart(pid)).toBeUndefined();
    expect(holdsPorts(layout, 'large')).toBe(false);
  });
});

describe('the state that Linux tells of a process', () => {
  // Fields of /proc/PID/stat from the third on: state, …, flags as the ninth of the line.
  const stat = (state: string, flags = 0x400000): string[] => [state, '1', '7', '7', '0', '-1', `${flags}`];
  const status = (pending: string, shared: string): string =>
    `Name:\tnode\nSigPnd:\t${pending}\nShdPnd:\t${shared}\n`;
  const none = '0000000000000000';
  const kill = '0000000000000100';

  it.each([
    ['sleeps', stat('S'), status(none, none), 'running'],
    ['is stopped', stat('T'), status(none, none), 'paused'],
    ['is stopped and killed', stat('T'), status(none, kill), 'ending'],
    ['has a thread that was killed', stat('R'), status(kill, none), 'ending'],
    ['is being taken down', stat('D', 0x40040c), status(none, none), 'ending'],
    ['has another signal to come', stat('S'), status(none, '0000000000004000'), 'running'],
    ['waits for its parent alone', stat('Z', 0x40040c), status(none, none), undefined],
  ])('one that %s', (_, fields, text, expected) => {
    expect(stateInProc(fields, text)).toBe(expected);
  });
});
