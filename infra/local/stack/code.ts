import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { REPOSITORY } from './layout.ts';
import type { Layout } from './layout.ts';

/** All that trainer and worker run, besides installed packages. */
const SOURCES = [
  ...['activities', 'containers', 'nas', 'store', 'workflows'],
  ...['scripts/run.mjs', 'scripts/node-shim.mjs', 'package.json', 'tsconfig.json'],
];

const filesOf = (path: string): string[] =>
  statSync(join(REPOSITORY, path)).isDirectory()
    ? readdirSync(join(REPOSITORY, path))
        .sort()
        .flatMap((name) => filesOf(`${path}/${name}`))
    : [path];

const readSources = (): { readonly hash: string; readonly files: ReadonlyMap<string, Buffer> } => {
  const files = new Map(
    SOURCES.flatMap(filesOf).map((path) => [path, readFileSync(join(REPOSITORY, path))] as const),
  );
  const hash = createHash('sha256');
  for (const [path, content] of files) hash.update(`${path} ${content.length}\n`).update(content);
  return { hash: hash.digest('hex').slice(0, 16), files };
};

/** Name of the working tree's code as it is now. */
export const treeCode = (): string => readSources().hash;

/** Folder of a copy of the code. */
export const codeRoot = (layout: Layout, hash: string): string => join(layout.code, hash);

export const hasCode = (layout: Layout, hash: string): boolean => existsSync(codeRoot(layout, hash));

/**
 * Copies the working tree's code beside the stack's state and answers its name. Worker and jobs run the copy,
 * so that the tree may change, by an edit or a pull, without changing what a run began with. Packages are
 * linked, not copied: their versions are part of the code version that every checkpoint carries.
 */
export const snapshotCode = (layout: Layout): string => {
  const { hash, files } = readSources();
  const root = codeRoot(layout, hash);
  if (existsSync(root)) return hash;
  const draft = `${root}.${randomBytes(4).toString('hex')}`;
  for (const [path, content] of files) {
    mkdirSync(dirname(join(draft, path)), { recursive: true });
    writeFileSync(join(draft, path), content);
  }
  symlinkSync(join(REPOSITORY, 'node_modules'), join(draft, 'node_modules'));
  try {
    renameSync(draft, root);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(root)) throw error;
  }
  return hash;
};
