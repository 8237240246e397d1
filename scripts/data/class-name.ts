/**
 * Whether a name of a class has characters that move a cursor, end a line, reorder or hide text: names are
 * printed in tables, reports and pages, where nobody could tell such a class from another.
 */
export const isUnprintable = (name: string): boolean =>
  /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\ufeff]/u.test(name);

/** Equal for names that people take for one another: in another case, or with spaces around them. */
export const foldedName = (name: string): string => name.normalize('NFC').trim().toLowerCase();
