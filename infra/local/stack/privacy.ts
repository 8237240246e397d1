import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inputError } from '../../../nas/core/input-error.ts';
import type { Layout } from './layout.ts';

/** Rights of the group and of others. */
const OTHERS = 0o077;
const STICKY = 0o1000;

const statOf = (path: string) => lstatSync(path, { throwIfNoEntry: false });

/** What the stack keeps below its home, by the beginnings of their names: servers and locks add endings. */
const owned = (layout: Layout): string[] => {
  const { document, lock, logs, processes, temporalDatabase, s3, batchState } = layout;
  const names = [document, lock, logs, processes, temporalDatabase, s3, batchState].map((path) =>
    basename(path),
  );
  return readdirSync(layout.home)
    .filter((name) =>
      names.some((own) => name === own || name.startsWith(`${own}.`) || name.startsWith(`${own}-`)),
    )
    .map((name) => join(layout.home, name));
};

/** A path and everything below it; links are not followed, and what vanishes meanwhile is left out. */
const walk = function* (path: string): Generator<{ readonly path: string; readonly mode: number }> {
  const stat = statOf(path);
  if (stat === undefined || stat.isSymbolicLink()) return;
  yield { path, mode: stat.mode };
  if (!stat.isDirectory()) return;
  let names: string[] = [];
  try {
    names = readdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  for (const name of names) yield* walk(join(path, name));
};

/** What of the stack others of this machine may read, write or enter. */
export const openToOthers = function* (
  layout: Layout,
): Generator<{ readonly path: string; readonly mode: number }> {
  const home = statOf(layout.home);
  if (home === undefined) return;
  const all = [{ path: layout.home, mode: home.mode }, ...owned(layout).flatMap((path) => [...walk(path)])];
  yield* all.filter(({ mode }) => (mode & OTHERS) !== 0);
};

/**
 * Makes the home and takes others' rights from everything of the stack in it. Answers how many files and
 * folders had been open. Throws `InputError` for a home that belongs to several users, as /tmp does.
 */
export const makePrivate = (layout: Layout): number => {
  mkdirSync(layout.home, { recursive: true, mode: 0o700 });
  const home = lstatSync(layout.home);
  const uid = process.getuid?.();
  if (
    (home.mode & STICKY) !== 0 ||
    (uid !== undefined && uid !== 0 && home.uid !== uid && !home.isSymbolicLink())
  ) {
    throw inputError(
      'NAS_HOME',
      layout.home,
      'a folder of your own',
      'name another folder, which nas up makes',
    );
  }
  let changed = 0;
  for (const { path, mode } of openToOthers(layout)) {
    try {
      chmodSync(path, mode & 0o7777 & ~OTHERS);
      changed += 1;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return changed;
};
