import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { parseJson } from '../../nas/core/json.ts';
import { sha256 } from '../../nas/core/hash.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Everything that determines a program's numbers, besides spec, data and threads, is reached from here. */
const ENTRIES = ['../../nas/training/programs/program-table.ts', './tensorflow.ts'];
/** Imports and re-exports of values; types cannot change a number. */
const IMPORT =
  /^(?:import|export)(?! type)[^;]*? from '([^']+)';|^import '([^']+)';|\brequire\('(@tensorflow\/tfjs-node)'\)/gm;

const packageSchema = z.object({ version: z.string() });

/** Name and version of an installed package, found from the file that imports it. */
const packageVersion = (specifier: string, importer: URL): string => {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  for (const folder of createRequire(importer).resolve.paths(name) ?? []) {
    try {
      const { version } = parseJson(packageSchema, readFileSync(`${folder}/${name}/package.json`, 'utf8'));
      return `${name}@${version}`;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`package ${name}, imported by ${importer.href}, is not installed`);
};

/**
 * Identity of the numeric code: SHA-256 over the sources that training programs reach by imports, and over
 * the versions of the packages these import. Two trainers with the same version continue each other's
 * checkpoints bit for bit on machines of one kind. Changes elsewhere (workflows, commands, reports) leave it
 * as it is.
 */
export const codeVersion = (): string => {
  const lines = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: URL): void => {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    const source = readFileSync(file, 'utf8');
    lines.add(`${relative(ROOT, fileURLToPath(file))} ${sha256(source)}`);
    for (const [, from, alone, required] of source.matchAll(IMPORT)) {
      const specifier = (from ?? alone ?? required) as string;
      if (specifier.startsWith('.')) visit(new URL(specifier, file));
      else if (!specifier.startsWith('node:')) lines.add(packageVersion(specifier, file));
    }
  };
  for (const entry of ENTRIES) visit(new URL(entry, import.meta.url));
  return sha256([...lines].sort().join('\n'));
};
