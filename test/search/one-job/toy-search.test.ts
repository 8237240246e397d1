import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import { imageCuts } from '../../../nas/task/images/cuts.ts';
import { costOf } from '../../../nas/search/one-job/course.ts';
import type { OneJobSearch } from '../../../nas/search/one-job/one-job-search.ts';
import { ONE_JOB_SEARCHES } from '../../../nas/search/one-job/registry.ts';
import { courseOf } from '../../../nas/training/programs/segments.ts';
import { coinTossing } from './toy-search.ts';

const page = readFileSync('docs/extending.md', 'utf8');
const section = page.slice(page.indexOf('## Adding a search of one job'));

describe('a search of one job that follows docs/extending.md', () => {
  it('is the file that the page shows, made with what the page names', () => {
    const shown = /```ts\n([\s\S]*?) *```/.exec(section)?.[1]?.replaceAll(/^ {3}/gm, '');
    expect(shown).toBeDefined();
    expect(readFileSync('test/search/one-job/toy-search.ts', 'utf8')).toContain(shown);
    for (const [, path] of section.matchAll(/`((?:nas|test|docs|experiments)\/[\w./-]+\.\w+)`/g))
      expect(existsSync(path as string), path).toBe(true);
  });

  it('is one line of the table, with options, defaults and a source of its own', () => {
    const table: Readonly<Record<string, OneJobSearch>> = {
      ...ONE_JOB_SEARCHES,
      'coin-tossing': coinTossing,
    };
    const { schema, candidates } = table['coin-tossing'] as OneJobSearch;
    expect(schema.parse({ name: 'coin-tossing' })).toEqual({ name: 'coin-tossing', tosses: 8 });
    expect(schema.safeParse({ name: 'coin-tossing', heads: 1 }).success).toBe(false);
    expect(candidates?.({ tosses: 3 })).toBe(3);
  });

  it('refuses what contradicts itself, naming the place', () => {
    const search = {
      name: 'coin-tossing',
      options: { tosses: 3 },
      space: { name: 'nas-bench-201' },
      recipe: recipeSchema.parse({ epochs: 2, batchSize: 16 }),
      scores: { areFractions: true, text: 'scores of the metric accuracy are 0 to 1' },
      example: 'image',
      place: (path: readonly (string | number)[]) => path.join('.'),
    } as const;
    const faults = (validation: number) => [
      ...(coinTossing.checkData?.(search, { train: 50, validation }, 'd') ?? []),
    ];
    expect(faults(16)).toEqual([]);
    expect(faults(15).map(({ message }) => message)).toEqual([
      expect.stringMatching(/^stages\.search\.recipe\.batchSize: 16 .*the 15 validation images of d/),
    ]);
  });

  it('costs what its program walks', () => {
    const course = coinTossing.course(
      { tosses: 3 },
      { epochs: 2 },
      imageCuts({ train: 50, validation: 20, test: 0 }, 16),
    );
    expect(costOf(course)).toEqual({ trained: 2 * 48, scored: 3 * 16 });
    const { totalSteps, at } = courseOf(course);
    expect(totalSteps).toBe(2 * 3 + 3);
    expect(at(6)).toMatchObject({ kind: 'tossing', index: 0, isLastUnit: true });
  });
});
