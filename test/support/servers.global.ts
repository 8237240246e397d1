import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf } from '../../infra/local/stack/layout.ts';
import { stopProcess } from '../../infra/local/stack/processes.ts';

/**
 * Folder that test processes share; the first that needs a server starts it there (see `shared-servers.ts`).
 */
export const setup = (): (() => Promise<void>) => {
  const home = mkdtempSync(join(tmpdir(), 'nas-test-servers-'));
  process.env['NAS_TEST_SERVERS'] = home;
  return async () => {
    const layout = layoutOf(home);
    let records: string[] = [];
    try {
      records = readdirSync(layout.processes);
    } catch {
      // No test asked for a server.
    }
    await Promise.all(records.map((file) => stopProcess(layout, file.replace(/\.json$/, ''), 2_000)));
    rmSync(home, { recursive: true, force: true });
  };
};
