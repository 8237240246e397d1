import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isServiceReady } from '../../../infra/local/stack/health.ts';
import type { StackDocument } from '../../../infra/local/stack/document.ts';
import { layoutOf } from '../../../infra/local/stack/layout.ts';
import { processStart, processState } from '../../../infra/local/stack/process-start.mjs';
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
    // On a busy machine the kernel may be faster than the look; then another one is killed.
    for (let tries = 0, seen = false; !seen && tries < 10; tries++) {
      if (tries > 0) pid = await startLarge();
      process.kill(pid, 'SIGKILL');
      const running = runningPid(layout, 'large');
      const state = processState(pid);
      seen = holdsPorts(layout, 'large');
      expect(running).toBeUndefined();
      if (seen) expect(state).toBe('ending');
      await stopProcess(layout, 'large', 0);
      expect(processStart(pid)).toBeUndefined();
      expect(holdsPorts(layout, 'large')).toBe(false);
      if (tries === 9) expect(seen).toBe(true);
    }
  });
});
