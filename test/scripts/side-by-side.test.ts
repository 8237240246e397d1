import { afterEach, describe, expect, it, vi } from 'vitest';
import { SetupError } from '../../scripts/setup/setup-error.mjs';
import { sideBySide } from '../../scripts/setup/side-by-side.mjs';

afterEach(() => vi.restoreAllMocks());

const listen = (): (() => string) => {
  let said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((said += String(text)), true));
  return () => said;
};

describe('parts of set-up side by side', () => {
  it('are under way at once, and what remains is said', async () => {
    const said = listen();
    const order: string[] = [];
    let release = (): void => {};
    const slow = new Promise<void>((resolve) => (release = resolve));
    const work = sideBySide({
      temporal: async () => {
        order.push('temporal begins');
        await slow;
        order.push('temporal ends');
      },
      versitygw: async () => {
        order.push('versitygw');
        release();
      },
    });
    await work;
    expect(order).toEqual(['temporal begins', 'versitygw', 'temporal ends']);
    expect(said()).toContain('remaining: temporal\n');
  });

  it('are all waited for when one fails, which is then said once', async () => {
    listen();
    let done = false;
    const failed = sideBySide({
      temporal: () => Promise.reject(new SetupError('no go', 'install go')),
      versitygw: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        done = true;
      },
    });
    await expect(failed).rejects.toThrow(/^no go\n {2}Fix: install go$/);
    expect(done).toBe(true);
  });

  it('that fail together are named together', async () => {
    listen();
    const failed = sideBySide({
      temporal: () => Promise.reject(new SetupError('no temporal', 'install go')),
      versitygw: () => Promise.reject(new SetupError('no versitygw', 'install go')),
    });
    await expect(failed).rejects.toThrow(/no temporal[\s\S]*no versitygw/);
    await expect(failed).rejects.toBeInstanceOf(SetupError);
  });

  it('do not hide a fault of set-up itself', async () => {
    listen();
    const failed = sideBySide({
      temporal: () => Promise.reject(new SetupError('no temporal', 'install go')),
      versitygw: () => Promise.reject(new TypeError('a fault')),
    });
    await expect(failed).rejects.toThrow(TypeError);
  });
});
