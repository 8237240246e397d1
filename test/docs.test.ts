import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const PAGES = [
  'README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const textOf = (page: string): string => readFileSync(page, 'utf8');

/** Folders of the clone, by which a path is known from the name of something else. */
const PATH =
  /`((?:nas|store|activities|workflows|containers|infra|scripts|bench|test|docs|experiments)\/[\w./-]+\.(?:ts|mjs|md|yaml|json))`/g;

describe.each(PAGES)('%s', (page) => {
  it('names files that are there', () => {
    const missing = [...textOf(page).matchAll(PATH)]
      .map(([, path]) => path as string)
      .filter((path) => !existsSync(path));
    expect(missing).toEqual([]);
  });

  it('links pages that are there', () => {
    const missing = [...textOf(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
      .map(([, target]) => join(dirname(page), target as string))
      .filter((path) => !existsSync(path));
    expect(missing).toEqual([]);
  });
});

describe('docs/extending.md', () => {
  const page = textOf('docs/extending.md');

  it('names tables that stand in the files that it names', () => {
    const tables = [...page.matchAll(/`([A-Z_]{4,})`(?:\*\*)?\s+of `([\w./-]+\.ts)`/g)];
    expect(tables.length).toBeGreaterThan(6);
    for (const [, table, file] of tables)
      expect(textOf(file as string), file).toMatch(new RegExp(`\\b${table}\\b`));
  });

  it('shows the space that its test adds', () => {
    const section = page.slice(page.indexOf('## Adding a search space'));
    const shown = [...section.matchAll(/```ts\n([\s\S]*?) *```/g)]
      .slice(0, 2)
      .map(([, code]) => (code as string).replaceAll(/^ {3}/gm, '').replace('export ', ''));
    const followed = textOf('test/space/toy-space.test.ts');
    // Of the network the page leaves out the body.
    for (const code of shown) expect(followed).toContain(code.split('{ …')[0]);
  });
});

it('decisions are numbered without a gap', () => {
  const numbers = readdirSync('docs/adr').map((name) => Number(name.slice(0, 3)));
  expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, i) => i + 1));
});
