/**
 * Where a field stands in a user's document: its path in words, with file, line and column where they are
 * known.
 */
export type Place = (path: readonly (string | number)[]) => string;
