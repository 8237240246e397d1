import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** Says that something is as others have it. */
const CLAIM =
  /authors['’]\s+(?:own\s+)?(?:code|command|scripts?|published)|\bas\s+published\b|reference\s+code/i;
/** Says where: a file, a part of a paper, or that nobody looked. */
const SOURCE =
  /\.(?:py|sh|md|config)\b|`:\d|§|\b[Tt]able \d|\b[Ff]igure \d|\b[Aa]lgorithm \d|\bchecked\b|\bgolden\b|otmann\.ts/;

const TEXTS: Readonly<Record<string, RegExp>> = {
  // Comments and strings.
  ts: /\/\*[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n)+|'[^'\n]*'|"[^"\n]*"|`[^`]*`/gm,
  // Entries of lists, rows of tables and paragraphs.
  md: /^[-|].*(?:\n[ \t]+\S.*)*|(?:^[^-|\n].*\n?)+/gm,
  yaml: /(?:^[ \t]*#.*\n)+|#.*$/gm,
};

/** `*` and `#` at the beginnings of lines are no part of a comment's words. */
const words = (text: string): string => text.replace(/^\s*(?:\*|\/\/|#)\s?/gm, '').replace(/\s+/g, ' ');

const unsourced = (file: string, text: string): string[] => {
  const pattern = TEXTS[file.slice(file.lastIndexOf('.') + 1)] as RegExp;
  return [...text.matchAll(pattern)]
    .map(([found]) => words(found))
    .filter((found) => CLAIM.test(found) && !SOURCE.test(found))
    .map((found) => `${file}: ${found}`);
};

describe('what is said to be as others have it', () => {
  it('names a source in the same comment, entry or paragraph', () => {
    const files = ['nas', 'bench', 'containers', 'docs', 'experiments']
      .flatMap((folder) =>
        readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
      )
      .filter((file) => /\.(?:ts|md|yaml)$/.test(file) && !/^docs\/results\/.+\//.test(file));
    expect(files.length).toBeGreaterThan(500);
    expect(files.flatMap((file) => unsourced(file, readFileSync(file, 'utf8')))).toEqual([]);
  });

  it('is noticed where it has none', () => {
    const said = "/** Adam, as the\n * authors' code has it. */\n// as published (Table 3)\nconst a = 1;\n";
    expect(unsourced('a.ts', said)).toEqual(["a.ts: /** Adam, as the authors' code has it. */"]);
    expect(unsourced('a.md', '- as published\n- as published\n  in §3\n')).toEqual(['a.md: - as published']);
  });
});
