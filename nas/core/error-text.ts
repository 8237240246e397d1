import { clipped } from './shown-value.ts';

/** Causes of causes beyond which nothing is told any more; a chain may also end in itself. */
const DEPTH = 8;

/** An error and its causes, outermost first. */
export function* errorChain(error: unknown, depth = 0): Generator<Error & { code?: unknown }> {
  for (let at = error; at instanceof Error && depth < DEPTH; at = at.cause, depth++) {
    yield at;
    if (at instanceof AggregateError) for (const inner of at.errors) yield* errorChain(inner, depth + 1);
  }
}

/** Characters of one cause. */
const CAUSE_LIMIT = 500;

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What a schema says of a document is a list for programs; its first entry is for people. */
const firstIssue = (error: object): Issue | undefined =>
  'issues' in error && Array.isArray(error.issues) ? (error.issues as readonly Issue[])[0] : undefined;

const wordsOf = (error: Error & { code?: unknown }): string => {
  const issue = firstIssue(error);
  if (issue !== undefined) return clipped(`${issue.path.join('.')}: ${issue.message}`, CAUSE_LIMIT);
  // A connection that several addresses refused says so in its code alone.
  return error.message === '' && typeof error.code === 'string' ? error.code : error.message;
};

/**
 * An error for people: `outer (cause: inner; innermost)`. The outermost words come first, because they name
 * the key, the job and the fix; causes that they repeat are left out.
 */
export const errorText = (error: unknown): string => {
  const chain = [...errorChain(error)];
  const [outer, ...causes] = chain
    .map((at) => ({ at, words: wordsOf(at).trim() }))
    .filter(({ words }) => words !== '');
  if (outer === undefined) return chain[0]?.name ?? clipped(String(error), CAUSE_LIMIT);
  const told: string[] = [];
  for (const { at, words } of causes) {
    // An input error has said what the schema found.
    if (firstIssue(at) !== undefined && outer.at.name === 'InputError') continue;
    const line = clipped(words, CAUSE_LIMIT);
    if (![outer.words, ...told].some((text) => text.includes(line))) told.push(line);
  }
  return told.length === 0 ? outer.words : `${outer.words} (cause: ${told.join('; ')})`;
};
