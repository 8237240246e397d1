import type { Json } from '../core/json.ts';
import { excerpt } from './excerpt.ts';
import { LiteralError, LONGEST, readCall, readLiteral } from './python-literal.ts';

/** States as they are published: `range(2, 6)`, or a list where they are not successive. */
export const printStates = (concat: readonly number[]): string => {
  const first = concat[0] ?? 0;
  return concat.every((state, i) => state === first + i)
    ? `range(${first}, ${first + concat.length})`
    : `[${concat.join(', ')}]`;
};

const CALL = /(?<!\w)Genotype\s*\(/g;

/**
 * What may stand behind the call: closing quotes and brackets, and in a pair of a quoted genotype and its
 * score, as lists of results print it, the score.
 */
const CLOSING =
  /^(?:["'`]?\s*,\s*(?:np\.float\d+\(|float\()?[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)?[\s,;.'"`)\]}]*$/i;

/** Whether a text is of a genotype as the DARTS family prints them, and so never the name of anything. */
export const isGenotypeCall = (text: string): boolean => /Genotype\s*\(/.test(text);

/** Lines that are comments say nothing of it. */
const withoutCommentLines = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n');

/** A text that prints the fields as a mapping: JSON, or the tuple's `_asdict()`. */
const MAPPING = /^[^({]*(?:(?:Ordered)?[Dd]ict\(\s*)?\{/;

/**
 * The fields of the one `Genotype(…)` in a text, or of the mapping that it is: all of them, each once. Throws
 * `LiteralError`.
 */
export const genotypeFields = (text: string, names: readonly string[]): Record<string, Json | undefined> => {
  if (text.length > LONGEST) throw new LiteralError(`${text.length} characters, at most ${LONGEST}`);
  // A genotype that was quoted once more has its own quotes escaped.
  const lines = withoutCommentLines(/\(\\["']/.test(text) ? text.replace(/\\(["'])/g, '$1') : text);
  if (!isGenotypeCall(lines) && MAPPING.test(lines)) {
    const record = readLiteral(lines);
    if (typeof record !== 'object' || record === null || Array.isArray(record))
      throw new LiteralError('there is no Genotype(…)');
    return checkedFields(Object.entries(record), names);
  }
  const calls = [...lines.matchAll(CALL)];
  const [found] = calls;
  if (found === undefined) throw new LiteralError('there is no Genotype(…)');
  if (calls.length > 1) throw new LiteralError(`there are ${calls.length} genotypes: give one of them`);
  const { parts, end } = readCall(lines, 'Genotype', found.index + found[0].length - 1);
  const rest = lines
    .slice(end)
    .replace(/#[^\n]*/g, '')
    .trim();
  if (!CLOSING.test(rest)) throw new LiteralError(`unexpected ${JSON.stringify(excerpt(rest))} after it`);
  return checkedFields(parts, names);
};

/** All fields, each once. Throws `LiteralError`. */
const checkedFields = (
  parts: Iterable<readonly [string | number, Json]>,
  names: readonly string[],
): Record<string, Json | undefined> => {
  const fields: Record<string, Json | undefined> = {};
  for (const [key, value] of parts) {
    const name = typeof key === 'number' ? names[key] : names.find((field) => field === key);
    if (name === undefined) throw new LiteralError(`unexpected argument ${key}`);
    if (fields[name] !== undefined) throw new LiteralError(`${name} is given twice`);
    fields[name] = value;
  }
  const missing = names.find((name) => fields[name] === undefined || fields[name] === null);
  if (missing !== undefined) throw new LiteralError(`${missing} is missing`);
  return fields;
};
