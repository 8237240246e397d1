#!/usr/bin/env node
/**
 * The `nas` command: checks that set-up has run, then hands over to the surface of the command line. The
 * TypeScript loader is registered only when a command is called.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

if (!existsSync(new URL('../node_modules/tsx/package.json', import.meta.url))) {
  process.stderr.write(
    `nas: the packages are not installed. Fix: node ${fileURLToPath(new URL('setup.mjs', import.meta.url))}\n`,
  );
  process.exit(3);
}
await import('./node-shim.mjs');

let registered = false;
const loadTypeScript = async () => {
  if (registered) return;
  registered = true;
  const { register } = await import('tsx/esm/api');
  register();
};

/** @returns {Promise<typeof import('./cli.ts')>} */
const surface = async () => {
  try {
    const { surfaceBundle } = await import('./cli-bundle.mjs');
    return await import(pathToFileURL(await surfaceBundle()).href);
  } catch {
    // Without a place to keep a bundle, or with sources that do not compile, the loader runs the sources and
    // says why.
    await loadTypeScript();
    return import('./cli.ts');
  }
};

const { main } = await surface();
process.exitCode = await main(process.argv, loadTypeScript);
