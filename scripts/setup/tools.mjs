import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cachedFolder, cacheRoot } from './cache.mjs';
import { verifyChecksum } from './checksum.mjs';
import { CommandError, run, say, which } from './command.mjs';
import { compareVersions, parseVersion } from './node-version.mjs';
import { SetupError } from './setup-error.mjs';
import { TOOLS } from './versions.mjs';

/** @typedef {import('./versions.mjs').Tool} Tool */
/** @typedef {{ path: string, origin: 'PATH' | 'cache', version: string }} FoundTool */

/** @param {Tool} tool */
const folderName = (tool) => `${tool.name}-${tool.version}-${process.platform}-${process.arch}`;

/**
 * The version that a tool reports; builds by `go install` report none.
 * @param {Tool} tool
 * @param {string} path
 * @returns {Promise<string | undefined>} undefined when it does not run
 */
const reportedVersion = async (tool, path) => {
  try {
    const text = await run(path, ['--version'], { timeoutMs: 20_000 });
    return new RegExp(tool.minimum[0] ?? '').exec(text)?.[1] ?? 'unreleased build';
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
};

/**
 * The tool on PATH (new enough) or in the cache; installs nothing.
 * @param {keyof typeof TOOLS} name
 * @returns {Promise<FoundTool | undefined>}
 */
export const findTool = async (name) => {
  const tool = TOOLS[name];
  const onPath = which(tool.name);
  if (onPath !== undefined) {
    const version = await reportedVersion(tool, onPath);
    const known = version !== undefined && /^\d/.test(version);
    if (known && compareVersions(parseVersion(version), parseVersion(tool.minimum[1] ?? '0')) < 0) {
      say(`${tool.name}: ${onPath} is ${version}, older than ${tool.minimum[1]}; using an own copy`);
    } else if (version !== undefined) {
      return { path: onPath, origin: 'PATH', version };
    }
  }
  const cached = join(cacheRoot(), folderName(tool), tool.name);
  return existsSync(cached) ? { path: cached, origin: 'cache', version: tool.version } : undefined;
};

/**
 * The official archive, checked before anything is unpacked. Gives up at once where the host cannot be
 * reached and after 10 s without a byte.
 * @param {Tool} tool
 * @param {string} folder
 * @param {typeof fetch} fetcher
 */
export const downloadRelease = async (tool, folder, fetcher = fetch) => {
  const archive = tool.archives[`${process.platform}-${process.arch}`];
  if (archive === undefined) throw new Error(`no release is pinned for ${process.platform}-${process.arch}`);
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(new Error('no answer for 10 s')), 10_000);
  const work = join(folder, 'download');
  const file = join(work, archive.file);
  mkdirSync(work);
  try {
    const response = await fetcher(`${tool.release}${archive.file}`, { signal: abort.signal });
    if (!response.ok || response.body === null) throw new Error(`HTTP status ${response.status}`);
    const body = Readable.fromWeb(/** @type {import('node:stream/web').ReadableStream} */ (response.body));
    body.on('data', () => {
      clearTimeout(timer);
      timer = setTimeout(() => abort.abort(new Error('no data for 10 s')), 10_000);
    });
    await pipeline(body, createWriteStream(file));
    clearTimeout(timer);
    await verifyChecksum(file, archive.sha256);
    await run('tar', ['-xzf', file, '-C', work]);
    const stem = archive.file.replace(/\.tar\.gz$/, '');
    const binary = [join(work, tool.name), join(work, stem, tool.name)].find((path) => existsSync(path));
    if (binary === undefined) throw new Error(`${archive.file} holds no file ${tool.name}`);
    renameSync(binary, join(folder, tool.name));
    chmodSync(join(folder, tool.name), 0o755);
  } finally {
    clearTimeout(timer);
    rmSync(work, { recursive: true, force: true });
  }
};

/**
 * @param {Tool} tool
 * @param {string} folder
 */
const goInstall = async (tool, folder) => {
  const go = which('go');
  if (go === undefined) throw new Error('go is not on PATH');
  say(`${tool.name}: building ${tool.goPackage} with go install (some minutes the first time)`);
  await run(go, ['install', '-trimpath', tool.goPackage], {
    env: { ...process.env, CGO_ENABLED: '0', GOBIN: folder, GOFLAGS: '-modcacherw' },
    doing: `building ${tool.name}`,
  });
};

/** @param {unknown} error */
const reasonOf = (error) => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
};

/**
 * The tool from PATH or the cache, else from the official release, else built by `go install`.
 * @param {keyof typeof TOOLS} name
 * @returns {Promise<FoundTool>}
 */
export const installTool = async (name) => {
  const tool = TOOLS[name];
  const found = await findTool(name);
  if (found !== undefined) {
    say(`${name}: ${found.version} (${found.origin}: ${found.path})`);
    return found;
  }
  const folder = await cachedFolder(folderName(tool), async (staging) => {
    /** @type {string[]} */
    const reasons = [];
    for (const [source, get] of /** @type {const} */ ([
      ['official release', downloadRelease],
      ['go install', goInstall],
    ])) {
      try {
        say(`${name}: ${tool.version} from ${source}`);
        await get(tool, staging);
        return;
      } catch (error) {
        if (error instanceof SetupError) throw error;
        say(`${name}: ${source}: ${reasonOf(error)}`);
        reasons.push(`${source}: ${reasonOf(error)}`);
      }
    }
    throw new SetupError(
      `${name} (${tool.purpose}) could not be installed. ${reasons.join('; ')}`,
      `put ${name} ${tool.version} on PATH (${tool.release}), or install Go 1.24 or newer (https://go.dev/dl) and run set-up again`,
    );
  });
  return { path: join(folder, tool.name), origin: 'cache', version: tool.version };
};
