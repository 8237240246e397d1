/**
 * The command line's surface as one JavaScript file: names, options, help and completion of every command,
 * without what the commands do. It answers `nas --version` and `nas --help` without a TypeScript compiler; a
 * command that is called imports its own parts from their sources.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What decides how the surface is bundled, besides its sources. */
const BUNDLER = ['scripts/cli-bundle.mjs', 'package-lock.json'];

/**
 * One hash of the files' names and contents; undefined where one cannot be read.
 * @param {string} root
 * @param {readonly string[]} files paths from the root
 */
const hashOf = (root, files) => {
  // The bundle names files of its clone by their whole paths.
  const hash = createHash('sha256').update(`${root}\n`);
  try {
    for (const file of files)
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(root, file)))
        .update('\0');
  } catch {
    return undefined;
  }
  return hash.digest('hex').slice(0, 32);
};

/**
 * @param {string} path
 * @param {string} text
 */
const writeWhole = (path, text) => {
  const partial = `${path}.${randomUUID()}`;
  writeFileSync(partial, text);
  renameSync(partial, path);
};

/**
 * The sources of the kept bundle; undefined where there is no list, or one that is damaged.
 * @param {string} index
 */
const listedIn = (index) => {
  try {
    /** @type {unknown} */
    const list = JSON.parse(readFileSync(index, 'utf8'));
    return Array.isArray(list) ? list.map(String) : undefined;
  } catch {
    return undefined;
  }
};

/**
 * What is imported by a call is no part of the surface: it is left to the sources, wherever the bundle lies.
 */
const calledLater = {
  name: 'called-later',
  /** @param {import('esbuild').PluginBuild} build */
  setup: (build) => {
    build.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) =>
      kind === 'dynamic-import'
        ? { path: pathToFileURL(resolve(resolveDir, path)).href, external: true }
        : undefined,
    );
  },
};

/**
 * Bundles an entry and answers the text with the sources that it came from, as paths from the root.
 * @param {string} root
 * @param {string} entry
 */
export const bundleSurface = async (root = ROOT, entry = 'scripts/cli.ts') => {
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    entryPoints: [join(root, entry)],
    absWorkingDir: resolve(root),
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.3',
    write: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [calledLater],
  });
  const sources = Object.keys(metafile.inputs).map((path) => relative(root, resolve(root, path)));
  return { text: outputFiles[0]?.text ?? '', sources };
};

/**
 * Path of the bundle that belongs to the sources as they are: the kept one, or a new one where any of them
 * has changed. A source that is new to the surface is imported by one that has changed.
 * @param {string} root
 * @param {string} entry
 */
export const surfaceBundle = async (root = ROOT, entry = 'scripts/cli.ts') => {
  const folder = join(root, 'node_modules', '.cache', 'durable-nas');
  const index = join(folder, 'cli.json');
  const bundler = BUNDLER.filter((file) => existsSync(join(root, file)));
  const known = listedIn(index);
  if (known !== undefined) {
    const kept = join(folder, `cli-${hashOf(root, [...bundler, ...known])}.mjs`);
    if (existsSync(kept)) return kept;
  }
  const { text, sources } = await bundleSurface(root, entry);
  const path = join(folder, `cli-${hashOf(root, [...bundler, ...sources])}.mjs`);
  mkdirSync(dirname(path), { recursive: true });
  writeWhole(path, text);
  writeWhole(index, JSON.stringify(sources));
  return path;
};
