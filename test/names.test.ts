import { readFileSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { isGiven } from '../nas/search/given.ts';
import { ONE_JOB_SEARCHES, isOneJob } from '../nas/search/one-job/registry.ts';
import { STRATEGIES } from '../nas/search/registry.ts';
import { isBlackBox } from '../nas/search/strategy-schema.ts';
import { SPACE_NAMES } from '../nas/space/registry.ts';

const PRODUCTION = ['nas', 'activities', 'workflows', 'scripts', 'containers', 'store'];
const STRATEGY_NAMES = [...Object.keys(ONE_JOB_SEARCHES), ...Object.keys(STRATEGIES), 'given'];
/** Some spaces are named as the strategy of their paper. */
const NAMES: ReadonlySet<string> = new Set([...STRATEGY_NAMES, ...SPACE_NAMES]);
const KINDS = new Set([...Object.values(ONE_JOB_SEARCHES).map(({ program }) => program), 'train-network']);

/** Files that compare such a word where it names something else. */
const EXCEPTIONS: readonly string[] = [
  // A section of a fixture of published counts.
  'scripts/golden/published-counts.ts',
];

const EQUALITIES = new Set([
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
]);

/**
 * The list that an expression writes out, itself or within `new Set(…)`, `Object.freeze(…)` or `as const`.
 */
const writtenOut = (node: ts.Node | undefined): ts.ArrayLiteralExpression | undefined => {
  if (node === undefined) return undefined;
  if (ts.isArrayLiteralExpression(node)) return node;
  if (ts.isNewExpression(node) || ts.isCallExpression(node)) return writtenOut(node.arguments?.[0]);
  return ts.isAsExpression(node) || ts.isSatisfiesExpression(node) ? writtenOut(node.expression) : undefined;
};

/**
 * Comparisons with one of the words: `===` and the like, `case`, and membership of a list or set that the
 * file writes out.
 */
const comparisons = (text: string, words: ReadonlySet<string>): readonly string[] => {
  const file = ts.createSourceFile('any.ts', text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const lists = new Map<string, ts.ArrayLiteralExpression>();
  const isWord = (node: ts.Node): boolean => ts.isStringLiteralLike(node) && words.has(node.text);
  const note = (node: ts.Node): number => found.push(node.getText(file).split('\n')[0] as string);
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) {
      const list = writtenOut(node.initializer);
      if (list !== undefined) lists.set(node.name.text, list);
    }
    if (ts.isBinaryExpression(node) && EQUALITIES.has(node.operatorToken.kind))
      if (isWord(node.left) || isWord(node.right)) note(node);
    if (ts.isCaseClause(node) && isWord(node.expression)) note(node);
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { expression, name } = node.expression;
      const list = ts.isIdentifier(expression) ? lists.get(expression.text) : writtenOut(expression);
      if (/^(includes|indexOf|has)$/.test(name.text) && list?.elements.some(isWord) === true) note(node);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
};

const production = PRODUCTION.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${folder}/${file}`),
);

/** What each file but those of `own` compares. */
const comparedIn = (words: ReadonlySet<string>, own: (file: string) => boolean): readonly string[] =>
  production
    .filter((file) => !own(file))
    .flatMap((file) => comparisons(readFileSync(file, 'utf8'), words).map((where) => `${file}: ${where}`));

describe('names of strategies and spaces', () => {
  it.each([
    "strategy.name === 'darts'",
    "'snas' != of.name",
    "space.name === 'smash'",
    "switch (strategy.name) { case 'given': break }",
    "['enas', 'smash'].includes(experiment.strategy.name)",
    "new Set(['hyperband']).has(name)",
    "const CELLS: readonly string[] = ['darts-cnn', 'pnas'] as const; CELLS.includes(space.name)",
  ])('are found where they are compared: %s', (text) => expect(comparisons(text, NAMES)).toHaveLength(1));

  it.each([
    "const NAME = 'darts'",
    "const TABLE = { 'nas-bench-201': supernet }; TABLE[space.name]",
    "type Of = Extract<Strategy, { name: 'snas' }>",
  ])('are nothing but names elsewhere: %s', (text) => expect(comparisons(text, NAMES)).toEqual([]));

  it('are compared in no file but their own: definitions answer what others ask', () => {
    const isOwn = (file: string): boolean =>
      EXCEPTIONS.includes(file) || (/^nas\/(search|space)\//.test(file) && NAMES.has(basename(file, '.ts')));
    expect(production.length).toBeGreaterThan(300);
    for (const file of EXCEPTIONS) expect(comparisons(readFileSync(file, 'utf8'), NAMES)).not.toEqual([]);
    expect(comparedIn(NAMES, isOwn)).toEqual([]);
  });

  it('are the key under which the tables list them, and one for one strategy alone', () => {
    for (const [name, definition] of Object.entries(ONE_JOB_SEARCHES)) {
      expect(definition.name).toBe(name);
      expect(definition.schema.shape.name.value).toBe(name);
    }
    for (const name of STRATEGY_NAMES)
      expect([isOneJob, isBlackBox, isGiven].filter((is) => is({ name }))).toHaveLength(1);
  });
});

describe('kinds of programs', () => {
  it('are compared nowhere: the table of programs is asked by the name of the search', () => {
    expect(comparedIn(KINDS, () => false)).toEqual([]);
  });
});
