import { distance } from 'fastest-levenshtein';

/** The allowed word that a typing error most likely meant, or `undefined` when none is near. */
export const nearest = (word: string, allowed: readonly string[]): string | undefined => {
  const ranked = allowed
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)[0];
  if (ranked === undefined) return undefined;
  const longest = Math.max(word.length, ranked.candidate.length);
  const limit = Math.max(2, Math.ceil(longest / 2));
  // A word of which no letter is left is no typing error of it.
  return ranked.edits <= limit && ranked.edits < longest ? ranked.candidate : undefined;
};

/** `did you mean x?`, or what else to do. */
export const suggestion = (word: unknown, allowed: readonly string[], otherwise: string): string => {
  const close = typeof word === 'string' ? nearest(word, allowed) : undefined;
  return close === undefined ? otherwise : `did you mean ${close}?`;
};
