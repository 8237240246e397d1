import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { lockFile } from '../../infra/local/batch/lock.ts';
import { layoutOf, stackHome } from '../../infra/local/stack/layout.ts';
import { holderOf, lockState } from '../../infra/local/stack/lock.mjs';
import { cacheRoot } from '../setup/cache.mjs';
import { check } from './check.ts';
import type { CheckResult } from './check.ts';

const describe = (path: string): string => {
  const state = lockState(path);
  switch (state.kind) {
    case 'free':
      return 'free';
    case 'held':
      return `${path}: held by ${holderOf(state)}`;
    case 'abandoned':
      return `${path}: left behind by ${
        state.pid === undefined ? 'a crash' : `process ${state.pid}, which has ended`
      }; whoever comes next takes it over`;
  }
};

const inCache = (): string[] => {
  const root = cacheRoot();
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => name.endsWith('.lock'))
    .map((name) => join(root, name));
};

/**
 * Locks of the stack, of its Batch endpoint and of downloads: who holds them, and which a crash left behind.
 */
export const lockChecks = async (): Promise<CheckResult[]> => {
  const { lock, batchState } = layoutOf(stackHome());
  const paths = [lock, lockFile(batchState), ...inCache()].filter((path) => existsSync(path));
  if (paths.length === 0) return [{ name: 'locks', ok: true, found: 'none' }];
  return Promise.all(
    paths.map((path) => check('lock', `make its folder yours, or delete ${path}`, () => describe(path))),
  );
};
