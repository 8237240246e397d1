import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { startLocalBatch } from '../../../infra/local/batch/server.ts';
import { InputError } from '../../../nas/core/input-error.ts';
import { localBatch } from '../../../scripts/runs/local-batch.ts';
import { readTrace } from '../../../scripts/runs/spot-trace.ts';
import { signedFetch } from '../../../store/signed-fetch.ts';
import { TEST_IDENTITY } from '../../infra/batch/harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'nas-trace-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe('spot traces', () => {
  it.each([
    ['a missing file', join(folder, 'nowhere.json'), /nowhere\.json.*ENOENT/s],
    ['no JSON', file('text.json', 'spot'), /text\.json/],
    ['a negative capacity', file('low.json', '{"metadata":{"gap_seconds":60},"data":[1,-1]}'), /data\[1\]/],
    ['no points', file('none.json', '{"metadata":{"gap_seconds":60},"data":[]}'), /data/],
  ])('refuses %s and says where it is wrong', (_, path, message) => {
    expect(() => readTrace(path)).toThrow(InputError);
    expect(() => readTrace(path)).toThrow(message);
  });

  it('lets the capacity of the local Batch endpoint follow the points', async () => {
    const batch = await startLocalBatch({
      credentials: TEST_IDENTITY.credentials,
      stateDir: join(folder, 'state'),
      cwd: folder,
      slots: 5,
    });
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    try {
      const slots = async (): Promise<unknown> =>
        (
          (await (await signedFetch(new URL('/_local/state', batch.url), TEST_IDENTITY)).json()) as {
            settings: { slots: number };
          }
        ).settings.slots;
      expect(await slots()).toBe(5);
      const trace = readTrace(file('good.json', '{"metadata":{"gap_seconds":3600},"data":[4,1,1]}'));
      const embedded = { home: folder, batch: batch.url, temporalUi: '' };
      const client = localBatch(embedded as never);
      expect(await client.playTrace({ trace, timeScale: 1, noticeSeconds: 0, start: 1 })).toMatchObject({
        points: 3,
      });
      expect(await slots()).toBe(1);
      await expect(client.playTrace({ trace, timeScale: 1, noticeSeconds: 0, start: 3 })).rejects.toThrow(
        /start/,
      );
    } finally {
      vi.unstubAllEnvs();
      await batch.close();
    }
  });
});
