import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['nas', 'store', 'activities', 'workflows', 'containers', 'infra', 'scripts', 'bench'];

const sources = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`),
);

const STATIC = /^(import|export)( type)?\b[^;]*?from '([^']+)';|^(import) '([^']+)';/gm;
const DYNAMIC = /\bimport\('([^']+)'\)/g;

interface Import {
  readonly to: string;
  /**
   * Values are loaded with the file; types are gone when it runs; a dynamic import loads when it is reached.
   */
  readonly kind: 'value' | 'type' | 'dynamic';
}

const importsOf = (file: string): readonly Import[] => {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const resolved = (specifier: string): string =>
    specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier;
  return [
    ...[...text.matchAll(STATIC)].map(([, , type, from, , alone]): Import => ({
      to: resolved((from ?? alone) as string),
      kind: type === undefined ? 'value' : 'type',
    })),
    ...[...text.matchAll(DYNAMIC)].map(([, to]): Import => ({ to: resolved(to as string), kind: 'dynamic' })),
  ];
};
const graph = new Map(sources.map((file) => [file, importsOf(file)] as const));

/** The first chain of imports that comes back to its own file, or none. */
const findCycle = (): readonly string[] | undefined => {
  const done = new Set<string>();
  const walk = (file: string, chain: readonly string[]): readonly string[] | undefined => {
    if (chain.includes(file)) return [...chain.slice(chain.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const { to } of (graph.get(file) ?? []).filter(({ kind }) => kind !== 'dynamic')) {
      const cycle = walk(to, [...chain, file]);
      if (cycle !== undefined) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of sources) {
    const cycle = walk(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
};

/** Everything that is loaded with a file, each with the chain that leads there. */
const loadedWith = (entry: string): ReadonlyMap<string, readonly string[]> => {
  const chains = new Map<string, readonly string[]>();
  const walk = (file: string, chain: readonly string[]): void => {
    if (chains.has(file)) return;
    chains.set(file, chain);
    for (const { to, kind } of graph.get(file) ?? []) if (kind === 'value') walk(to, [...chain, to]);
  };
  walk(entry, [entry]);
  return chains;
};

describe('the rooms of the code', () => {
  it('are read as they are', () => {
    expect(graph.size).toBeGreaterThan(500);
    expect(importsOf('nas/training/networks/registry.ts').map(({ to }) => to)).toContain(
      'nas/space/read-genotype.ts',
    );
  });

  it('import one another in no circle, types included', () => {
    expect(findCycle()).toBeUndefined();
  });

  it.each(['activities/protocol-activities.ts', 'workflows/index.ts', 'store/datasets.ts'])(
    '%s loads no training code',
    (entry) => {
      const reached = [...loadedWith(entry)].filter(([file]) =>
        /^(nas\/training\/|@tensorflow\/)/.test(file),
      );
      expect(reached.map(([, chain]) => chain)).toEqual([]);
    },
  );

  it.each(['containers/worker/main.ts', 'scripts/cli.ts', 'scripts/commands/run.ts'])(
    '%s loads TensorFlow at its first use alone',
    (entry) => {
      const native = [...loadedWith(entry)].find(([file]) => file.startsWith('@tensorflow/'));
      expect(native?.[1]).toBeUndefined();
    },
  );
});
